/*
 * The same operations on our model of the 82576 and on QEMU's: frames on the wire, descriptors written back and counters must
 * agree. What does not agree is a row of docs/qemu-differences.md, and shown here to be as it says. NETCX_TEST_SEED replays
 * another seed, NETCX_OPERATIONS another number of operations.
 */

import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { provideRam } from '@netcx/qtest/ram';

const ram = provideRam(128 * 1024 * 1024);
const { MILLISECOND, VirtualClock } = await import('@netcx/clock');
const { QemuMachine } = await import('@netcx/qtest');
const { RX_STATUS, REGISTERS, TX_COMMAND, TX_L4_TYPE, TX_STATUS } = await import('@netcx/nic-82576/registers');
const { Bench } = await import('./differential/bench.ts');
const { ourChip, qemusChip } = await import('./differential/chip.ts');
const { buildFrame, STATION } = await import('./differential/frames.ts');
const { bringUp, DifferenceError, runDifferential } = await import('./differential/run.ts');

const R = REGISTERS;
const seed = Number(process.env['NETCX_TEST_SEED'] ?? 1);
const operations = Number(process.env['NETCX_OPERATIONS'] ?? 10_000);
const TCP = 6;
const UDP = 17;

function build(seedOfRun: number) {
  const clock = new VirtualClock({ seed: seedOfRun });
  const macAddress = Uint8Array.from(STATION);
  const devices = [{ model: 'igb', macAddress }];
  const machine = new QemuMachine({ program: process.env['NETCX_QEMU'] ?? '', ram, clock, devices });
  const [station] = machine.stations;
  ok(station !== undefined);
  const ours = ourChip(clock, macAddress);
  const benches = [new Bench(ours), new Bench(qemusChip(station))] as const;
  bringUp(clock, benches);
  return {
    clock,
    benches,
    nic: ours.nic,
    close: () => {
      for (const bench of benches) bench.close();
      machine.close();
    },
  };
}

void describe("our model and QEMU's chip", () => {
  void it(`do the same in ${String(operations)} operations of seed ${String(seed)}`, () => {
    const { clock, benches, close } = build(seed);
    const started = performance.now();
    try {
      const kinds = runDifferential(clock, benches, operations);
      const taken = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`# seed ${String(seed)}: ${JSON.stringify(Object.fromEntries(kinds))}, ${taken} s\n`);
      if (operations >= 1000)
        for (const kind of ['transmit', 'receive', 'count', 'restart']) ok((kinds.get(kind) ?? 0) > 0, kind);
    } finally {
      close();
    }
  });

  void it('are found out when they do not', () => {
    const { clock, benches, nic, close } = build(seed);
    try {
      nic.faults.inject({ kind: 'corruptWriteBack', direction: 'rx', queue: 0, word: 1, flip: 1, after: 3 });
      throws(() => runDifferential(clock, benches, 500), DifferenceError);
    } finally {
      close();
    }
  });
});

void describe('what differs is as the list says', () => {
  let pair: ReturnType<typeof build>;
  before(() => {
    pair = build(seed);
  });
  after(() => {
    pair.close();
  });
  beforeEach(() => {
    bringUp(pair.clock, pair.benches);
  });
  const random = new VirtualClock({ seed }).random('frames');
  const usual = { destination: STATION, tag: undefined, options: 0, payload: 100, sums: 'right' } as const;

  /** Does the same to both, and lets what shows differences be seen. */
  const both = <T>(act: (bench: (typeof pair.benches)[number]) => T): { ours: T; qemus: T } => ({
    ours: act(pair.benches[0]),
    qemus: act(pair.benches[1]),
  });
  const receive = (frame: Uint8Array) => {
    both((bench) => {
      bench.perform({ kind: 'receive', what: '', frame });
    });
    pair.clock.advance(MILLISECOND);
    return both((bench) => bench.look().received[0]?.words ?? []);
  };
  const transmit = (descriptors: Parameters<typeof sendAll>[0]) => sendAll(descriptors);
  function sendAll(
    descriptors: readonly (
      | { readonly context: readonly [number, number, number, number] }
      | { readonly bytes: Uint8Array; readonly command: number; readonly status: number }
    )[],
  ) {
    both((bench) => {
      bench.perform({ kind: 'transmit', what: '', queue: 0, descriptors, tell: true });
    });
    pair.clock.advance(MILLISECOND);
    return both((bench) => bench.look().sent.map((frame) => Buffer.from(frame, 'hex')));
  }
  const LAST = (TX_COMMAND.EOP | TX_COMMAND.IFCS | TX_COMMAND.RS) >>> 0;
  const counter = (name: 'TPR' | 'HGPTC' | 'ROC' | 'PRC64' | 'GPTC') => both((bench) => bench.read(R[name]));

  void it('padding', () => {
    const { ours, qemus } = transmit([{ bytes: new Uint8Array(20).fill(2), command: LAST, status: 20 << 14 }]);
    deepEqual([ours[0]?.length, qemus[0]?.length], [60, 20]);
  });

  void it('tag-without-vme', () => {
    both((bench) => {
      bench.write(R.CTRL, R.CTRL.reset | R.CTRL.SLU.mask);
    });
    const { bytes } = buildFrame(random, { ...usual, network: 4, protocol: UDP });
    const context = [0, 0, TX_COMMAND.DTYP_CONTEXT | TX_COMMAND.DEXT, 0] as const;
    const { ours, qemus } = transmit([
      { context: [(14 << 9) | 20 | (5 << 16), context[1], context[2], context[3]] },
      { bytes, command: (LAST | TX_COMMAND.VLE) >>> 0, status: bytes.length << 14 },
    ]);
    deepEqual([ours[0]?.length, qemus[0]?.length], [bytes.length, bytes.length + 4]);
  });

  void it('fin-psh', () => {
    const frame = buildFrame(random, { ...usual, network: 4, protocol: TCP, payload: 2000, sums: 'seedWithoutLength' });
    frame.bytes[frame.layer2 + frame.layer3 + 13] = 0x19; // ACK, PSH, FIN
    const command = TX_COMMAND.DTYP_CONTEXT | TX_COMMAND.DEXT | (1 << 10) | (TX_L4_TYPE.TCP << 11);
    const { ours, qemus } = transmit([
      { context: [(frame.layer2 << 9) | frame.layer3, 0, command, (frame.layer4 << 8) | (1000 << 16)] },
      {
        bytes: frame.bytes,
        command: (LAST | TX_COMMAND.TSE) >>> 0,
        status: (2000 << 14) | TX_STATUS.TXSM | TX_STATUS.IXSM,
      },
    ]);
    const flags = (frames: readonly Buffer[]) => frames.map((bytes) => bytes[14 + 20 + 13]);
    deepEqual(
      [flags(ours), flags(qemus)],
      [
        [0x10, 0x19],
        [0x10, 0x10],
      ],
    );
  });

  void it('udp-valid', () => {
    const { ours, qemus } = receive(buildFrame(random, { ...usual, network: 4, protocol: UDP }).bytes);
    deepEqual([ours[2]! & RX_STATUS.UDPV, qemus[2]! & RX_STATUS.UDPV], [RX_STATUS.UDPV, 0]);
  });

  void it('packet-type', () => {
    const { ours, qemus } = receive(buildFrame(random, { ...usual, network: 4, protocol: UDP, options: 2 }).bytes);
    deepEqual([(ours[0]! >>> 4) & 3, (qemus[0]! >>> 4) & 3], [3, 1]);
  });

  void it('tcp-ipv6', () => {
    both((bench) => {
      bench.write(R.MRQC, 2 | R.MRQC.TCP_IPV6.mask);
    });
    const { ours, qemus } = receive(buildFrame(random, { ...usual, network: 6, protocol: TCP }).bytes);
    deepEqual([ours[0]! & 15, qemus[0]! & 15], [3, 0]);
  });

  void it('flow-control', () => {
    const flow = both((bench) => bench.read(R.CTRL) & (R.CTRL.RFCE.mask | R.CTRL.TFCE.mask));
    equal(flow.ours, 0);
    ok(flow.qemus !== 0);
  });

  void it('tipg', () => {
    const kept = both((bench) => {
      bench.write(R.TIPG, 0xffff_ffff);
      return bench.read(R.TIPG);
    });
    deepEqual(kept, { ours: 0x3fff_ffff, qemus: 0xffff_ffff });
  });

  void it('receive-head', () => {
    receive(buildFrame(random, { ...usual, network: 4, protocol: UDP }).bytes);
    const heads = both((bench) => {
      bench.write(R.RXDCTL, 0);
      bench.write(R.RXDCTL, R.RXDCTL.ENABLE.mask);
      return bench.read(R.RDH);
    });
    deepEqual(heads, { ours: 0, qemus: 1 });
  });

  void it('counters-total, counters-host', () => {
    receive(buildFrame(random, { ...usual, network: 4, protocol: UDP, destination: [2, 0, 0, 0, 0, 99] }).bytes);
    deepEqual(counter('TPR'), { ours: 1, qemus: 0 });
    transmit([{ bytes: new Uint8Array(60).fill(2), command: LAST, status: 60 << 14 }]);
    deepEqual(counter('HGPTC'), { ours: 1, qemus: 0 });
  });

  void it('counters-oversize, counters-size', () => {
    receive(buildFrame(random, { ...usual, network: 4, protocol: UDP, payload: 1600 }).bytes);
    deepEqual(counter('ROC'), { ours: 1, qemus: 0 });
    receive(buildFrame(random, { ...usual, network: 4, protocol: UDP, payload: 22 }).bytes);
    deepEqual(counter('PRC64'), { ours: 0, qemus: 1 });
  });

  void it('counters-segments', () => {
    const frame = buildFrame(random, { ...usual, network: 4, protocol: TCP, payload: 2000, sums: 'seedWithoutLength' });
    const command = TX_COMMAND.DTYP_CONTEXT | TX_COMMAND.DEXT | (1 << 10) | (TX_L4_TYPE.TCP << 11);
    transmit([
      { context: [(frame.layer2 << 9) | frame.layer3, 0, command, (frame.layer4 << 8) | (1000 << 16)] },
      {
        bytes: frame.bytes,
        command: (LAST | TX_COMMAND.TSE) >>> 0,
        status: (2000 << 14) | TX_STATUS.TXSM | TX_STATUS.IXSM,
      },
    ]);
    deepEqual(counter('GPTC'), { ours: 2, qemus: 1 });
  });
});

void it('every row that the code names is in the list', () => {
  const root = new URL('../../../../', import.meta.url);
  const list = readFileSync(new URL('docs/qemu-differences.md', root), 'utf8');
  const rows = new Set([...list.matchAll(/^\| `([a-z0-9-]+)`/gm)].map(([, row]) => row));
  const sources = [
    'differential.suite.ts',
    'differential/comparison.ts',
    'differential/generator.ts',
    'differential/bench.ts',
  ];
  for (const source of sources) {
    const text = readFileSync(new URL(source, import.meta.url), 'utf8');
    for (const [, names = ''] of text.matchAll(/Rows? ((?:`[a-z0-9-]+`(?:, | and )?)+)/g))
      for (const [, name] of names.matchAll(/`([a-z0-9-]+)`/g)) ok(rows.has(name), `${source}: ${name ?? ''}`);
  }
});
