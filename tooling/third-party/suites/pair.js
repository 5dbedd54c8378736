// The suites with two NICs back to back, each in a network namespace of its own: Linux's whole stack at both ends.
import { complaints, interrupts, lostLink, protocols, statistics } from '../rig/answers.js';
import { reportOf } from '../rig/iperf.js';
import { hold, same, settled } from '../rig/report.js';
import { filters, moreUntil } from './filters.js';

/** @import { Answer } from '../rig/answers.js' */
/** @import { Guest } from '../rig/guest.js' */
/** @import { Lab } from '../rig/lab.js' */

const families = /** @type {const} */ ([
  ['IPv4', '192.0.2.1', '192.0.2.2'],
  ['IPv6', '2001:db8::1', '2001:db8::2'],
]);

/** What Linux counts when a checksum that the NIC let pass, or made, is wrong. */
const wrongSums = /InCsumErrors$|^SctpChecksumErrors$/;

/**
 * @param {Lab} lab
 * @param {Guest} guest
 */
export async function connect(lab, guest) {
  await lab.report.check('two NICs, two namespaces: link and echo, IPv4 and IPv6', async () => {
    await guest.run('modprobe igb && two_namespaces');
    const addresses = await guest.run('on a cat /sys/class/net/eth0/address; on b cat /sys/class/net/eth1/address');
    same('different addresses', new Set(addresses.trim().split('\n')).size, 2);
    for (const [, , there] of families) {
      const text = await guest.run(`on a ping -c 5 -i 0.1 -W 60 ${there}`);
      hold(text.includes('5 packets received, 0% packet loss'), text);
    }
  });
}

/**
 * No stack received a wrong checksum.
 * @param {Guest} guest
 */
export async function sumsAreRight(guest) {
  for (const namespace of ['a', 'b']) {
    const counts = (await protocols(guest, namespace)).matching(wrongSums);
    hold(counts.length >= 6, `expected the counters of wrong checksums, got ${JSON.stringify(counts)}`);
    same(
      `wrong checksums in ${namespace}`,
      counts.filter(([, value]) => value !== 0),
      [],
    );
  }
}

export const pair = {
  name: 'pair',
  covers: 'two models back to back, 2 CPUs: TCP, UDP, SCTP over IPv4 and IPv6, TSO, USO, RSS, filters, VLAN, MTU 9000',
  run: async (/** @type {Lab} */ lab) => {
    const { report } = lab;
    const { guest } = await lab.boot({ series: '6.12', wire: 'pair', processors: 2 });
    await connect(lab, guest);
    await report.check('MSI-X: a vector a queue', async () => {
      const names = (await interrupts(guest, 'eth0')).count.matching(/./).map(([name]) => name);
      same('vectors', names, ['eth0', 'eth0-rx-0', 'eth0-rx-1', 'eth0-tx-0', 'eth0-tx-1']);
    });
    for (const [family, here, there] of families) {
      await report.check(`${family}: 4 TCP streams of 4 MiB each way, md5 equal, by TSO`, async () => {
        const before = await statistics(guest, 'eth0', 'a');
        await guest.run(`streams 6 ${here} ${there} 4 4096`);
        const after = await statistics(guest, 'eth0', 'a');
        const more = (/** @type {string} */ name) => after.get(name) - before.get(name);
        // 16 MiB are at least 257 bursts of 64 KiB.
        hold(more('tx_tcp_seg_good') >= 257, `expected 257 segmented bursts or more, got ${more('tx_tcp_seg_good')}`);
        same('bursts that failed', more('tx_tcp_seg_failed'), 0);
      });
      await report.check(`${family}: UDP by USO: 1400, 1400, 1400, 800`, async () => {
        const script = [
          'watch_handed 1400',
          `background receiver on b perl /guest/receive-segments.pl 7000 5000 1400 20`,
          'until_true on b sh -c "ss -Hlun sport = :7000 | grep -q ."',
          `on a perl /guest/send-segments.pl ${there} 7000 5000 1400 20 && finished receiver`,
          'echo "handed $(handed eth0 1400)"',
        ].join('\n');
        const text = await guest.run(script);
        same(
          'datagrams',
          [...text.matchAll(/^sizes (.*)$/gm)].map(([, sizes]) => sizes),
          Array(20).fill('1400 1400 1400 800'),
        );
        hold(text.includes('handed 20'), `expected 20 datagrams handed to the NIC uncut, got\n${text}`);
      });
    }
    await report.check('RSS: the streams were spread over both queues', async () => {
      const counts = async () => {
        const answer = await statistics(guest, 'eth0', 'a');
        return answer.matching(/^[rt]x_queue_[01]_packets$/);
      };
      const isSpread = (/** @type {[string, number][]} */ all) => all.every(([, packets]) => packets > 100);
      // The streams until here were sixteen flows each way.
      let spread = await counts();
      if (!isSpread(spread)) {
        spread = await moreUntil(3, isSpread, async () => {
          await guest.run('streams 6 192.0.2.1 192.0.2.2 8 1024');
          return counts();
        });
      }
      same('queues', spread.length, 4);
      hold(isSpread(spread), `expected both queues in use, got ${JSON.stringify(spread)}`);
    });
    await report.check('SCTP: 1 MiB each way, md5 equal, checksums by the NIC', async () => {
      await guest.run('modprobe sctp && streams 132 192.0.2.1 192.0.2.2 1 1024');
      const came = (await protocols(guest, 'b')).get('SctpInSCTPPacks');
      hold(came > 100, `expected more than 100 SCTP packets, got ${came}`);
    });
    await report.check('every received frame: sum checked by the NIC, and the queue that its RSS hash selects', () =>
      receivedWith(guest),
    );
    await report.check('moderation: 5 ms between the interrupts of a vector, under load', () => moderated(guest));
    if (!lab.isControl) {
      await report.check('time stamps: a message stamped where it leaves and where it arrives', () => stamped(guest));
    }
    await filters(report, guest);
    await report.check('MTU 9000 at run time: large echoes unfragmented, streams right, and back to 1500', async () => {
      const size = (/** @type {number} */ mtu) =>
        `on a ip link set eth0 mtu ${mtu} && on b ip link set eth1 mtu ${mtu}`;
      const linked = 'until_true carrier_in a eth0 1 && until_true carrier_in b eth1 1';
      const large = 'on a ping -c 5 -i 0.1 -W 60 -s 8972 192.0.2.2';
      const fragments = async () => (await protocols(guest, 'a')).get('IpFragCreates');
      const before = await fragments();
      const text = await guest.run(`${size(9000)} && ${linked} && ${large} && streams 6 192.0.2.1 192.0.2.2 2 1024`);
      hold(text.includes('5 packets received, 0% packet loss'), text);
      same('fragments', (await fragments()) - before, 0);
      await guest.run(`${size(1500)} && ${linked} && ${large} && streams 6 192.0.2.1 192.0.2.2 2 1024`);
    });
    await report.check('no checksum was wrong: every InCsumErrors is 0', () => sumsAreRight(guest));
    await measure(lab, guest);
    await report.check('the kernel does not complain', async () =>
      same('dmesg', await complaints(guest, lostLink), []),
    );
  },
};

/** What Linux counts, by EtherType, of frames that have no sum for the NIC to check: its neighbours' questions, groups, echoes. */
const withoutSum = new Map([
  ['0800', /^IcmpInMsgs$|^IpExtInMcastPkts$/],
  ['86dd', /^Icmp6InMsgs$|^Ip6InMcastPkts$/],
]);

/**
 * What the NIC told the driver of frames that it received, as Linux's own trace of the driver's hand-over shows it.
 * @param {Guest} guest
 */
async function receivedWith(guest) {
  const shown = await guest.run('on a ethtool -x eth0');
  const rows = [...shown.matchAll(/^ +\d+:((?: +\d+){8})$/gm)];
  const table = rows.flatMap(([, row = '']) => row.trim().split(/\s+/).map(Number));
  same('places of the table', table.length, 128);
  const before = await protocols(guest, 'a');
  const script = [
    'cd /sys/kernel/tracing && echo >trace && echo 1 >events/net/napi_gro_receive_entry/enable',
    'streams 6 192.0.2.1 192.0.2.2 4 64 && streams 6 2001:db8::1 2001:db8::2 4 64',
    // What has no sum comes as well, whatever else Linux has to say meanwhile.
    'on b ping -c 2 -i 0.1 192.0.2.1 >/dev/null && on b ping -c 2 -i 0.1 2001:db8::1 >/dev/null',
    'echo 0 >events/net/napi_gro_receive_entry/enable',
    String.raw`sed -n 's/.*dev=eth0 .*\(queue_mapping=[0-9]*\) .*\(protocol=.* hash=0x[0-9a-f]*\) .*/\1 \2/p' trace`,
  ].join('\n');
  const text = await guest.run(script);
  const frames = [...text.matchAll(/^queue_mapping=(\d+) protocol=0x(\w+) ip_summed=(\d) hash=0x(\w+)$/gm)];
  hold(frames.length >= 200, `expected 200 frames in the trace or more, got ${frames.length}\n${text.slice(0, 1000)}`);
  const hashes = new Set();
  /** @type {Map<string, number>} */
  const unsummed = new Map();
  for (const [line, queue, protocol = '', summed, hash = ''] of frames) {
    // Linux counts the queue that received a frame from 1. What has no hash shows a zero, and comes in queue 0, as the table's
    // first place says.
    hold(Number(queue) - 1 === table[parseInt(hash, 16) & 127], `expected the table's queue, got ${line}`);
    const type = protocol.padStart(4, '0');
    if (!withoutSum.has(type)) continue; // ARP has no checksum and no ports
    if (summed === '1') hashes.add(hash);
    else unsummed.set(type, (unsummed.get(type) ?? 0) + 1);
  }
  for (const [type, pattern] of withoutSum) {
    const count = unsummed.get(type) ?? 0;
    hold(count >= 2, `0x${type}: expected two echoes without a sum in the trace, got ${count}`);
    const others = (/** @type {Answer} */ answer) =>
      answer.matching(pattern).reduce((sum, [, value]) => sum + value, 0);
    // A stack counts a frame after the trace has it.
    const most = await settled(
      10,
      async () => others(await protocols(guest, 'a')) - others(before),
      (most) => count <= most,
    );
    hold(
      count <= most,
      `0x${type}: expected a checksum that the NIC has found right in all but ${most} frames, not in all but ${count}`,
    );
  }
  // Two pairs of addresses, eight streams and their answers each: ports must be part of what is hashed.
  hold(hashes.size >= 16, `expected a hash of its own for each stream, got ${hashes.size} different ones`);
}

/**
 * A message that asks for it is stamped by the NIC that sends it and by the one that receives it.
 * @param {Guest} guest
 */
async function stamped(guest) {
  const script = [
    'background stamp on b perl /guest/stamps.pl receive eth1',
    'until_true on b sh -c "ss -Hlun sport = :319 | grep -q ."',
    'on a perl /guest/stamps.pl send eth0 192.0.2.2; finished stamp',
  ].join('\n');
  const text = await guest.run(script);
  const [sent = NaN, received = NaN] = [...text.matchAll(/^stamp (\d+\.\d{9})$/gm)].map(([, stamp]) => Number(stamp));
  // Both clocks were set by Linux's; how well the two agree is nobody's promise.
  hold(sent > 1e9 && Math.abs(received - sent) < 10, `expected two stamps of about the same time, got\n${text}`);
}

/**
 * With an interval of 5 ms between interrupts a vector has at most 200 of them a second, however many frames come.
 * @param {Guest} guest
 */
async function moderated(guest) {
  const counted = async () => (await interrupts(guest, 'eth0')).count.matching(/rx/);
  const uptime = async () => Number((await guest.run('cat /proc/uptime')).split(' ')[0]);
  await guest.run('on a ethtool -C eth0 rx-usecs 5000');
  const [begin, before] = [await uptime(), await counted()];
  await guest.run('streams 6 192.0.2.1 192.0.2.2 4 1024');
  const [after, end] = [await counted(), await uptime()];
  await guest.run('on a ethtool -C eth0 rx-usecs 3');
  const most = Math.ceil((end - begin) * 200) + 10;
  let sum = 0;
  for (const [index, [name, value]] of after.entries()) {
    const came = value - (before[index]?.[1] ?? 0);
    hold(came <= most, `${name}: expected at most ${most} interrupts in ${end - begin} s, got ${came}`);
    sum += came;
  }
  // Eight flows: they may well share a queue.
  hold(sum > 10, `expected more than 10 interrupts in all, got ${sum}`);
}

/**
 * Throughput, for the summary: what one way carries, by TCP with the NIC's segmentation and without.
 * @param {Lab} lab
 * @param {Guest} guest
 */
async function measure(lab, guest) {
  const { report } = lab;
  // A server of its own for each: one that goes on is deaf for a moment between two tests.
  const rate = async (/** @type {number} */ port, /** @type {string} */ words) => {
    await guest.run(`on b iperf3 -s -1 -D -p ${port} && until_true on b sh -c "ss -Hltn sport = :${port} | grep -q ."`);
    const text = await guest.run(`on a iperf3 -c 192.0.2.2 -p ${port} -J -t 3 ${words}`);
    return `${Math.round(reportOf(text).rate / 1e6)} Mbit/s`;
  };
  await report.check('iperf3: TCP both ways, and without offloads', async () => {
    report.note(`iperf3, 4 TCP streams: ${await rate(5201, '-P 4')}, the other way ${await rate(5202, '-P 4 -R')}`);
    await guest.run('on a ethtool -K eth0 tso off gso off tx off');
    report.note(`iperf3, 4 TCP streams without TSO and checksum offload: ${await rate(5203, '-P 4')}`);
    await guest.run('on a ethtool -K eth0 tx on tso on gso on');
  });
}

export const impaired = {
  name: 'pair-impaired',
  covers: 'the same pair over a wire that loses, delays, reorders and duplicates: md5 still equal',
  run: async (/** @type {Lab} */ lab) => {
    const { report } = lab;
    const serve = ['--impair', 'loss=1%,delay=1ms,jitter=1ms,reorder=5%,duplicate=1%,corrupt=3e-7,mangle=3e-7'];
    lab.accidents = true;
    const { guest } = await lab.boot({ series: '6.12', wire: 'pair', processors: 2, serve });
    await report.check('two NICs, two namespaces: the links come up', () =>
      guest.run('modprobe igb && two_namespaces'),
    );
    for (const [family, here, there] of families) {
      await report.check(`${family}: 4 TCP streams of 1 MiB each way, md5 equal`, () =>
        guest.run(`streams 6 ${here} ${there} 4 1024`),
      );
    }
    await report.check('the wire was as bad as was asked', async () => {
      const counts = await protocols(guest, 'a');
      const [lost, late] = [counts.get('TcpRetransSegs'), counts.get('TcpExtTCPOFOQueue')];
      hold(lost > 10 && late > 10, `expected retransmissions and reordering, got ${lost} and ${late}`);
      report.note(`impaired: ${lost} segments sent again, ${late} came out of order`);
    });
    if (!lab.isControl)
      await report.check('damage is found: by the check sequence, or by the checksum', () => foundOut(lab, guest));
    await report.check('the kernel does not complain', async () =>
      same('dmesg', await complaints(guest, lostLink), []),
    );
  },
};

/**
 * What was damaged on the wire: the NIC drops it, or tells the driver of it, and Linux finds no more than it was told.
 * @param {Lab} lab
 * @param {Guest} guest
 */
async function foundOut(lab, guest) {
  const found = (await protocols(guest, 'a')).get('TcpInCsumErrors');
  // Later than what was found of it.
  const counts = await statistics(guest, 'eth0', 'a');
  const dropped = counts.get('rx_crc_errors');
  const told = counts.matching(/^rx_queue_\d+_csum_err$/).reduce((sum, [, value]) => sum + value, 0);
  lab.report.note(`damaged: ${dropped} dropped by the NIC, ${told} told to the driver, ${found} found by Linux's TCP`);
  hold(dropped > 0 && told > 0 && found > 0, `expected some of each, got ${dropped}, ${told} and ${found}`);
  hold(found <= told, `expected Linux to find no more than the ${told} that it was told of, got ${found}`);
}
