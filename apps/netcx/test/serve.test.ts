/* `netcx serve`: what it says, what it takes, and a NIC at each socket. */

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { REGISTERS } from '@netcx/nic-82576/registers';
import { VfioUserClient, type ClientMemory } from '@netcx/vfio-user';
import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../src/program.ts';
import { parseControl } from '../src/serve/control.ts';
import { folder, foldersForTests, inFolder, netcx } from './cli.ts';

foldersForTests();

const { CTRL, RAL, RCTL, RDBAL, RDLEN, RDT, RXDCTL, SRRCTL, STATUS, TCTL, TDBAL, TDLEN, TDT, TXDCTL } = REGISTERS;
const TIMEOUT = 300_000;

/** A server that runs, and what it said so far. */
class Serving {
  out = '';
  err = '';
  readonly stdin = new PassThrough();
  readonly #ends = new AbortController();
  readonly #code: Promise<number>;

  constructor(...args: readonly string[]) {
    const keep = (write: (text: string) => void): Writable =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          write(chunk.toString());
          done();
        },
      });
    this.#code = run(['serve', 'nic-82576', ...args], {
      stdout: keep((text) => (this.out += text)),
      stderr: keep((text) => (this.err += text)),
      stdin: this.stdin,
      folder: folder.path,
      colour: false,
      signal: this.#ends.signal,
    });
  }

  async says(text: string | RegExp, milliseconds = 120_000): Promise<void> {
    for (const end = performance.now() + milliseconds; ;) {
      await sleep(10);
      if (typeof text === 'string' ? this.out.includes(text) : text.test(this.out)) return;
      if (performance.now() > end) throw new Error(`${String(text)} was not said, but: ${this.out}${this.err}`);
    }
  }

  async tell(line: string, answer: string | RegExp): Promise<void> {
    this.stdin.write(`${line}\n`);
    await this.says(answer);
  }

  end(): Promise<number> {
    this.#ends.abort(130);
    return this.#code;
  }
}

let serving: Serving | undefined;
const clients: VfioUserClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await serving?.end();
  serving = undefined;
});

function connect(socket: string): VfioUserClient {
  const client = new VfioUserClient({ socket: inFolder(socket), patience: 120_000 });
  clients.push(client);
  client.enable();
  return client;
}

async function linkBecomes(client: VfioUserClient, up: boolean): Promise<void> {
  for (const end = performance.now() + 120_000; ;) {
    await sleep(10);
    if (((client.read32(0, STATUS.offset) & STATUS.LU.mask) !== 0) === up) return;
    if (performance.now() > end) throw new Error(`the link does not come ${up ? 'up' : 'down'}`);
  }
}

/** Rings of 8 descriptors in a piece of memory, and buffers behind them. */
function startRings(client: VfioUserClient): ClientMemory {
  const memory = client.share(0x10_0000, 0x8000);
  const view = new DataView(memory.bytes.buffer);
  for (let index = 0; index < 8; index++) view.setUint32(0x1000 + index * 16, 0x10_3000 + index * 2048, true);
  for (const [register, value] of [
    [TDBAL, 0x10_0000],
    [TDLEN, 128],
    [TXDCTL, TXDCTL.ENABLE.mask],
    [TCTL, TCTL.EN.mask | TCTL.PSP.mask],
    [RDBAL, 0x10_1000],
    [RDLEN, 128],
    [SRRCTL, SRRCTL.BSIZEPACKET.set(SRRCTL.DESCTYPE.set(0, 1), 2)],
    [RXDCTL, RXDCTL.ENABLE.mask],
    [RCTL, RCTL.EN.mask | RCTL.SECRC.mask | RCTL.UPE.mask | RCTL.BAM.mask],
    [RDT, 7],
    [CTRL, client.read32(0, CTRL.offset) | CTRL.SLU.mask],
  ] as const) {
    client.write32(0, register.offset, value);
  }
  return memory;
}

function send(client: VfioUserClient, { bytes }: ClientMemory, frame: Uint8Array): void {
  bytes.set(frame, 0x2000);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x10_2000, true);
  view.setUint32(8, 0x2b30_0000 | frame.length, true);
  view.setUint32(12, frame.length << 14, true);
  client.write32(0, TDT.offset, 1);
}

async function arrives({ bytes }: ClientMemory): Promise<Uint8Array> {
  for (const end = performance.now() + 120_000; (bytes[0x1008]! & 1) === 0;) {
    await sleep(10);
    if (performance.now() > end) throw new Error('nothing arrives');
  }
  return bytes.slice(0x3000, 0x3000 + (bytes[0x100c]! | (bytes[0x100d]! << 8)));
}

const frame = Uint8Array.from({ length: 200 }, (_, index) => (index < 6 ? 0xff : index));

describe('serve', () => {
  it(
    'puts a NIC at a socket, says who comes and goes, and counts at its end',
    async () => {
      serving = new Serving('--socket', 'a.sock', '--wire', 'loopback', '--mac', '02:00:00:00:00:fe');
      await serving.says(`0: listening at ${inFolder('a.sock')} (nic-82576, 02:00:00:00:00:fe, wire loopback)\n`);
      const client = connect('a.sock');
      expect(client.read32(0, RAL.offset)).toBe(0x2);
      await serving.says('0: attached\n');
      const memory = startRings(client);
      await linkBecomes(client, true);
      send(client, memory, frame);
      expect(await arrives(memory)).toEqual(frame);
      client.close();
      await serving.says('0: detached: closed by the peer\n');
      const code = await serving.end();
      expect([code, serving.err, existsSync(inFolder('a.sock'))]).toEqual([0, '', false]);
      expect(serving.out).toContain('counter 0 server.attached 1\n');
      expect(serving.out).toMatch(/counter 0 wire\.\S*frames 1\n/);
      expect(serving.out.endsWith('end of counters\n')).toBe(true);
    },
    TIMEOUT,
  );

  it(
    'puts two NICs at the ends of a cable, which can be pulled out',
    async () => {
      serving = new Serving('-s', 'a.sock', '-s', 'b.sock', '-w', 'pair', '--mac', '02:00:00:00:00:ff');
      await serving.says(/0: listening [^\n]*:00:ff, wire pair\)\n1: listening [^\n]*:01:00, wire pair\)\n/);
      const [a, b] = [connect('a.sock'), connect('b.sock')];
      const memory = [startRings(a), startRings(b)] as const;
      await linkBecomes(a, true);
      await linkBecomes(b, true);
      send(a, memory[0], frame);
      expect(await arrives(memory[1])).toEqual(frame);
      await serving.tell('link down 1', '1: link down\n');
      await linkBecomes(a, false);
      await serving.tell('link up 0', '0: link up\n');
      await linkBecomes(b, true);
      await serving.tell('remove 0', '0: removed\n');
      expect([a.read32(0, STATUS.offset), a.read32(7, 0)]).toEqual([0xffff_ffff, 0xffff_ffff]);
      await linkBecomes(b, false);
      await serving.tell('describe 1', '82576 1');
      await serving.tell('counters', 'end of counters\n');
      await serving.tell('jump 1', '');
      await serving.tell('link down 2', '');
      await serving.tell('quit', /end of counters\n(?:.*\n)*end of counters\n/);
      expect(await serving.end()).toBe(0);
      expect(serving.err).toBe(
        'error: "jump 1": expected link down N, link up N, remove N, describe N, counters or quit\n' +
          'error: "link down 2": expected a NIC from 0 to 1\n',
      );
    },
    TIMEOUT,
  );

  it(
    'gives each virtual machine a thread of its own, offers the pin alone with --intx, and tells messages with --trace',
    async () => {
      serving = new Serving(
        '-s',
        'a.sock',
        '-s',
        'b.sock',
        '-w',
        'loopback',
        '--intx',
        '--trace',
        '--impair',
        'loss=100%',
      );
      await serving.says(/0: listening/);
      await serving.says(/1: listening/);
      const [a, b] = [connect('a.sock'), connect('b.sock')];
      const memory = startRings(a);
      await linkBecomes(a, true);
      send(a, memory, frame);
      await serving.tell('counters', 'end of counters\n');
      expect(b.read(7, 0x34, 1)[0]).not.toBe(0);
      // What the threads say comes a little later.
      for (let wait = 0; wait < 1200 && !/^1: REGION_READ 34000000/m.test(serving.err); wait++) await sleep(100);
      expect(serving.err).toMatch(/^0: VERSION/m);
      expect(serving.err).toMatch(/^1: REGION_READ 34000000/m);
      expect(memory.bytes[0x1008]! & 1).toBe(0);
      expect(await serving.end()).toBe(0);
    },
    TIMEOUT,
  );

  it(
    'answers commands that come at once, each of them and in their order',
    async () => {
      serving = new Serving('-s', 'a.sock', '-s', 'b.sock', '-w', 'loopback', '--json');
      const commands = ['describe 1', 'counters', 'link down 0', 'jump', 'describe 0', 'counters', 'quit', 'counters'];
      serving.stdin.write(`${commands.join('\n')}\n`);
      await serving.says('"summary"');
      expect([await serving.end(), serving.err]).toEqual([0, '']);
      const events = serving.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string; text?: string; counters?: object })
        .filter(({ event }) => event !== 'listening');
      expect(events.map(({ event }) => event)).toEqual([
        ...['description', 'counters', 'link', 'misunderstood', 'description', 'counters', 'summary'],
      ]);
      const texts = events.flatMap(({ text = '' }) => /^82576 \d/.exec(text) ?? []);
      expect(texts).toEqual(['82576 1', '82576 0']);
      for (const { counters } of events.filter((one) => one.counters !== undefined))
        expect(Object.keys(counters!)).toEqual(['0', '1']);
    },
    TIMEOUT,
  );

  it(
    'tells programs everything as JSON, one object a line',
    async () => {
      serving = new Serving('-s', 'a.sock', '-s', 'b.sock', '-w', 'loopback', '--json', '--trace');
      for (const nic of [0, 1]) await serving.says(new RegExp(`"listening","time":"[^"]*Z","nic":${String(nic)},`));
      const client = connect('a.sock');
      await serving.says('"machine"');
      for (const [line, answer] of [
        ['jump', '"misunderstood"'],
        ['link down 1', '"link"'],
        ['describe 1', '"description"'],
        ['counters', '"counters"'],
      ] as const)
        await serving.tell(line, `{"event":${answer}`);
      client.close();
      await serving.says('"detached"');
      expect([await serving.end(), serving.err]).toEqual([0, '']);
      const events = serving.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string; time: string } & Record<string, unknown>);
      for (const { time } of events) expect(new Date(time).toISOString()).toBe(time);
      const first = (event: string): object | undefined => events.find((one) => one.event === event);
      const address = { model: 'nic-82576', macAddress: '02:00:00:82:57:00', wire: 'loopback' };
      expect(events.find((one) => one.event === 'listening' && one['nic'] === 0)).toMatchObject({
        socket: inFolder('a.sock'),
        ...address,
      });
      expect(events.filter(({ event }) => event === 'machine')).toMatchObject([
        { nic: 0, kind: 'attached', message: '' },
        { nic: 0, kind: 'detached', message: 'closed by the peer' },
      ]);
      expect(first('trace')).toMatchObject({ nic: 0, message: expect.stringMatching(/^VERSION/) as string });
      expect(first('misunderstood')).toMatchObject({ message: expect.stringContaining('"jump"') as string });
      expect(first('link')).toMatchObject({ nic: 1, kind: 'down' });
      expect(first('description')).toMatchObject({ text: expect.stringContaining('82576 1') as string });
      expect(first('counters')).toMatchObject({
        counters: { 0: { 'server.attached': 1 }, 1: { 'server.attached': 0 } },
      });
      expect(events.at(-1)).toMatchObject({
        event: 'summary',
        exitCode: 0,
        counters: { 0: { 'server.attached': 1 }, 1: { 'server.attached': 0 } },
      });
      expect(events.filter(({ event }) => event === 'counters' || event === 'summary')).toHaveLength(2);
    },
    TIMEOUT,
  );

  it(
    'refuses a socket at which somebody listens, and leaves nothing behind',
    async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(inFolder('b.sock'), resolve));
      const said = await netcx(['serve', 'nic-82576', '-s', 'a.sock', '-s', 'b.sock', '-w', 'pair']);
      expect([said.code, said.out]).toEqual([2, '']);
      expect(said.err).toBe(`error: SOCKET: ${inFolder('b.sock')}: another server listens there\n`);
      expect(existsSync(inFolder('a.sock'))).toBe(false);
      const json = await netcx(['serve', 'nic-82576', '-s', 'b.sock', '-w', 'loopback', '--json']);
      expect(JSON.parse(json.out)).toMatchObject({
        event: 'error',
        exitCode: 2,
        message: `SOCKET: ${inFolder('b.sock')}: another server listens there`,
      });
      expect([json.code, json.err]).toEqual([
        2,
        `error: SOCKET: ${inFolder('b.sock')}: another server listens there\n`,
      ]);
      other.close();
    },
    TIMEOUT,
  );

  it.each([
    ['no wire', ['-s', 'a'], /required option '-w, --wire <wire>'/],
    ['no socket', ['-w', 'loopback'], /required option '-s, --socket <path>'/],
    ['another NIC', ['-s', 'a', '-w', 'loopback'], /'nic-1'.*Allowed choices are nic-82576/, 'nic-1'],
    ['a wire that is none', ['-s', 'a', '-w', 'string'], /BAD_WIRE: wire "string", character 1: expected pair/],
    ['an impairment that is none', ['-s', 'a', '-w', 'loopback', '--impair', 'rain'], /BAD_IMPAIRMENT.*rain/],
    ['one socket for a pair', ['-s', 'a', '-w', 'pair'], /the wire pair has two ends: expected two --socket, got 1/],
    [
      'two sockets for one file',
      ['-s', 'a', '-s', 'b', '-w', 'pcap:x'],
      /belongs to one NIC: expected one --socket, got 2/,
    ],
    ['a socket twice', ['-s', 'a', '-s', './a', '-w', 'loopback'], /\/a is named twice/],
    ['a group address', ['-s', 'a', '-w', 'loopback', '--mac', '01:00:00:00:00:00'], /Expected a unicast address/],
    ['half an address', ['-s', 'a', '-w', 'loopback', '--mac', '02:00'], /Expected a unicast address/],
  ])('refuses %s', async (_name, args, message, nic = 'nic-82576') => {
    const { code, out, err } = await netcx(['serve', nic, ...args]);
    expect(err).toMatch(message);
    expect([code, out]).toEqual([2, '']);
  });

  it('explains itself', async () => {
    const { code, out } = await netcx(['serve', '--help']);
    expect(code).toBe(0);
    for (const word of ['link down N', '--impair', 'responder', 'memory-backend-memfd']) expect(out).toContain(word);
  });
});

it.each([
  ['', { kind: 'empty' }],
  ['  link   up  3 ', { kind: 'link', nic: 3, up: true }],
  ['counters', { kind: 'counters' }],
  ['describe 0', { kind: 'describe', nic: 0 }],
  ['quit', { kind: 'close' }],
] as const)('the line %j is a command', (line, request) => {
  expect(parseControl(line, 4)).toEqual(request);
});

it.each([
  'link',
  'link up',
  'link sideways 0',
  'remove',
  'remove 0 1',
  'remove -1',
  'remove 4',
  'remove 1e0',
  'counters 1',
  'quit now',
  'x',
])('the line %j is none', (line) => {
  expect(parseControl(line, 4).kind).toBe('wrong');
});

it('the words of the README are those of the program', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain('netcx serve nic-82576');
});
