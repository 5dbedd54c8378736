// Owns: Linux behind a virtual cable on one side; on the other a NIC that stands on that cable by a packet socket, with driver and TAP.
// Invariant: the cable's near end lies in a namespace of its own, so that nothing of Linux answers there.
import { ok } from 'node:assert/strict';
import { check } from './checks.js';
import { checkUdp } from './common-checks.js';
import { Lab, netcx, ready } from './lab.js';
import { Namespace, Program } from './namespaces.js';
import { download } from './size.js';

const sides = /** @type {const} */ ([
  ['left', 1],
  ['right', 2],
]);

/**
 * A TAP `left` above a NIC whose wire is one end of a virtual cable; the other end is the interface `right`.
 * @param {Namespace} cable where the near end lies
 */
async function open(cable) {
  const lab = new Lab();
  cable.ip('link', 'add', 'plug', 'type', 'veth', 'peer', 'name', 'right', 'netns', lab.right.name);
  cable.ip('link', 'set', 'plug', 'up');
  lab.right.ip('link', 'set', 'right', 'up');
  const wire = `packet:plug@${cable.name}`;
  const tap = new Program(process.execPath, [
    ...netcx,
    'tap',
    `left@${lab.left.name}`,
    '--wire',
    wire,
    '--speedup',
    '10',
  ]);
  lab.programs = [tap];
  await tap.says('left: ', 120);
  for (const [side, last] of sides) {
    lab[side].ip('addr', 'add', `192.0.2.${last}/24`, 'dev', side);
    lab[side].ip('addr', 'add', `2001:db8::${last}/64`, 'dev', side, 'nodad');
    await ready(lab[side], side);
  }
  return lab;
}

/** Ping, TCP, UDP and a file between driver and NIC and a Linux that leaves checksums and segmentation to a NIC it has not. */
export async function talkOverPackets() {
  console.log('\na packet socket on a virtual cable, Linux behind it');
  const cable = new Namespace('netcx-cable');
  /** @type {Lab | undefined} */
  let lab;
  try {
    await check('an interface comes up', async () => {
      lab = await open(cable);
      return undefined;
    });
    if (lab === undefined) return;
    const opened = lab;
    await check('ping', () => opened.ping('-c', '100', '192.0.2.2'));
    await check('ping of 20,000 bytes over IPv6', () => opened.ping('-c', '20', '-s', '20000', '2001:db8::2'));
    await check('TCP', async () => (await opened.iperf('-c', '192.0.2.2')).note);
    await check('TCP over IPv6, backwards', async () => (await opened.iperf('-c', '2001:db8::2', '-R')).note);
    await checkUdp(opened, '-R');
    await check('download', () => opened.download(download / 4));
    await check('Linux counts no wrong checksum', () => {
      const errors = opened.checksumErrors();
      ok(errors === 0, `${errors}`);
      return undefined;
    });
    await check('ends well: checksums were completed, segments cut, nothing was unsupported', async () => {
      lab = undefined;
      /** @type {Record<string, number>} */
      const counters = await opened.close();
      const of = (/** @type {string} */ name) => counters[`packet.${name}`] ?? -1;
      for (const name of ['completed', 'cut']) ok(of(name) > 0, `packet.${name} ${of(name)}`);
      for (const name of ['unsupported', 'truncated', 'unfit']) ok(of(name) === 0, `packet.${name} ${of(name)}`);
      return `${of('arrived')} arrived, ${of('cut')} of them cut; ${of('lost')} lost, ${of('dropped')} dropped`;
    });
  } finally {
    await lab?.close();
    cable.remove();
  }
}
