// Owns: Wireshark's own tools as oracle: they read what we write, we read what they write, and cut files end alike.
// Invariant: run only with NETCX_HOST_TOOLS=1, where a missing tool is a failure; skipped with a notice otherwise.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CapturePacket, PacketToWrite } from '../src/index.ts';
import { LinkType, parseCapture } from '../src/index.ts';
import { outcomeOf } from './outcome.ts';
import { pcap, pcapng } from './written.ts';

const demanded = process.env['NETCX_HOST_TOOLS'] === '1';
if (!demanded) {
  process.stderr.write('NOT compared with Wireshark: that needs its tools and NETCX_HOST_TOOLS=1\n');
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-tshark-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(tool: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) {
    throw new Error(`${tool} ${args.join(' ')} ended with ${String(status)}: ${error?.message ?? stderr}`);
  }
  return stdout;
}

function save(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A table of frame fields, one row a packet, as tshark sees it. */
function table(path: string, ...fields: string[]): string[][] {
  const columns = fields.flatMap((field) => ['-e', `frame.${field}`]);
  const options = [
    '-n',
    '-o',
    'frame.generate_md5_hash:TRUE',
    '-T',
    'fields',
    '-E',
    'separator=/t',
    '-E',
    'aggregator=|',
  ];
  const text = run('tshark', '-r', path, ...options, ...columns);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}

const basics = ['time_epoch', 'len', 'cap_len', 'md5_hash'];

/** What {@link basics} must say of a packet. */
function basicsOf({ timestamp, data, originalLength }: PacketToWrite): string[] {
  const fraction = String(timestamp % 1_000_000_000n).padStart(9, '0');
  return [
    `${timestamp / 1_000_000_000n}.${fraction}`,
    String(originalLength ?? data.length),
    String(data.length),
    createHash('md5').update(data).digest('hex'),
  ];
}

function read(path: string): CapturePacket[] {
  return [...parseCapture(readFileSync(path))];
}

/** Frames of all small lengths and a few long ones, with times from 1970 to the year 2106. */
const packets: PacketToWrite[] = [0, 1, 2, 3, 4, 5, 6, 7, 60, 1514, 9018, 65_549].map((length, i) => ({
  timestamp: (BigInt(i) * 4_294_967_295_000_000_000n) / 11n + BigInt(i * 1001),
  data: Uint8Array.from({ length }, (_, at) => (at * 7 + i) & 0xff),
  originalLength: i % 3 === 0 ? length + 100 : undefined,
}));

describe.skipIf(!demanded)('tshark reads what we write', () => {
  it.each(['little', 'big'] as const)('pcap, %s-endian, in both units', (byteOrder) => {
    const nanosecond = save('ns.pcap', pcap({ byteOrder }, ...packets));
    expect(table(nanosecond, ...basics)).toEqual(packets.map(basicsOf));
    const microsecond = save('us.pcap', pcap({ byteOrder, resolution: 'microsecond' }, ...packets));
    const cut = packets.map((packet) => ({ ...packet, timestamp: packet.timestamp - (packet.timestamp % 1000n) }));
    expect(table(microsecond, ...basics)).toEqual(cut.map(basicsOf));
  });

  it.each(['little', 'big'] as const)('pcapng, %s-endian, with every option', (byteOrder) => {
    const bytes = pcapng(
      { byteOrder, comments: ['of the section'], application: 'netcx', os: 'any', hardware: 'none' },
      (writer) => {
        writer.addInterface({
          name: 'eth0',
          description: 'first',
          speed: 10n ** 9n,
          filter: 'tcp',
          os: 'x',
          timeZone: 'UTC',
        });
        writer.addInterface({
          name: 'eth1',
          macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
          fcsLength: 4,
          comments: ['if'],
        });
        packets.forEach((packet, i) => {
          writer.write({
            ...packet,
            interface: i % 2,
            direction: i % 3 === 0 ? undefined : i % 3 === 1 ? 'inbound' : 'outbound',
            queue: i === 0 ? undefined : i,
            packetId: BigInt(i) << 40n,
            dropCount: BigInt(i),
            comments: i === 5 ? ['grüße', 'second'] : [],
          });
        });
        writer.writeStatistics(1, { timestamp: 7n, received: 12n, dropped: 1n, startTime: 1n, endTime: 6n });
      },
    );
    const path = save('every.pcapng', bytes);
    expect(table(path, ...basics)).toEqual(packets.map(basicsOf));
    const fields = ['interface_id', 'interface_name', 'packet_flags_direction', 'interface_queue', 'drop_count'];
    expect(table(path, ...fields)).toEqual(
      packets.map((_packet, i) => [
        String(i % 2),
        `eth${i % 2}`,
        i % 3 === 0 ? '' : `0x${String(i % 3).padStart(8, '0')}`,
        i === 0 ? '' : String(i),
        String(i),
      ]),
    );
    // Versions differ in whether they print it in decimal or hex.
    expect(table(path, 'packet_id').map(([id]) => BigInt(id!))).toEqual(packets.map((_, i) => BigInt(i) << 40n));
    expect(table(path, 'comment').map(([comment]) => comment)).toEqual(
      packets.map((_, i) => (i === 5 ? 'grüße|second' : '')),
    );
    const report = run('capinfos', '-F', '-k', '-I', '-c', path);
    expect(report).toContain('of the section');
    expect(report).toMatch(/Number of packets: +12/);
    expect(report).toMatch(/Number of interfaces in file: 2/);
    expect(report).toContain('Description = first');
    expect(report).toContain('Time precision = nanoseconds (9)');
    expect(report).toMatch(/Capture application: netcx/);
  });

  it('link types by their names', () => {
    const types = [
      LinkType.ETHERNET,
      LinkType.RAW,
      LinkType.NULL,
      LinkType.LINUX_SLL,
      LinkType.LINUX_SLL2,
      LinkType.IEEE802_11,
    ];
    const names = types.map((linkType) => {
      const path = save('link.pcap', pcap({ linkType }, { timestamp: 0n, data: new Uint8Array(64) }));
      return run('capinfos', '-E', path)
        .split('\n')
        .find((line) => line.startsWith('File encapsulation'));
    });
    expect(names.map((line) => line?.replace(/^[^:]+: +/, ''))).toEqual([
      'Ethernet',
      'Raw IP',
      'NULL/Loopback',
      'Linux cooked-mode capture v1',
      'Linux cooked-mode capture v2',
      'IEEE 802.11 Wireless LAN',
    ]);
  });
});

describe.skipIf(!demanded)('we read what Wireshark’s tools write', () => {
  it.each(['pcap', 'nsecpcap', 'pcapng'])('%s by editcap', (format) => {
    const source = save(
      'source.pcapng',
      pcapng({}, (writer) => {
        writer.addInterface({ name: 'eth0' });
        packets.forEach((packet) => writer.write({ ...packet, comments: ['kept'] }));
      }),
    );
    const path = join(folder, `edited.${format}`);
    run('editcap', '-F', format, source, path);
    const unit = format === 'pcap' ? 1000n : 1n;
    expect(read(path).map(basicsOf)).toEqual(
      packets.map((packet) => basicsOf({ ...packet, timestamp: packet.timestamp - (packet.timestamp % unit) })),
    );
    expect(read(path).map(({ comments }) => comments)).toEqual(
      packets.map(() => (format === 'pcapng' ? ['kept'] : [])),
    );
  });

  it('random packets by randpkt, cut to a snapshot length by editcap', () => {
    for (const type of ['arp', 'dns', 'tcp', 'sctp']) {
      const path = join(folder, `${type}.pcap`);
      run('randpkt', '-b', '400', '-c', '60', '-t', type, path);
      expect(read(path).map(basicsOf)).toEqual(table(path, ...basics));
      run('editcap', '-s', '50', path, join(folder, 'cut.pcapng'));
      const cut = read(join(folder, 'cut.pcapng'));
      expect(cut.map(basicsOf)).toEqual(table(join(folder, 'cut.pcapng'), ...basics));
      expect(cut.some(({ data, originalLength }) => data.length === 50 && originalLength > 50)).toBe(true);
    }
  });

  it('two captures of different link types by mergecap', () => {
    const first = save('first.pcap', pcap({}, ...packets));
    const second = save('second.pcap', pcap({ linkType: LinkType.RAW, byteOrder: 'big' }, ...packets));
    const path = join(folder, 'merged.pcapng');
    run('mergecap', '-w', path, first, second);
    const merged = read(path);
    expect(merged.map(basicsOf)).toEqual(table(path, ...basics));
    expect(merged.map((packet) => String(packet.interface.id))).toEqual(table(path, 'interface_id').flat());
    expect(new Set(merged.map(({ linkType }) => linkType))).toEqual(new Set([LinkType.ETHERNET, LinkType.RAW]));
  });

  it('cut files end after the same packet', () => {
    const whole = pcapng({}, (writer) => {
      writer.addInterface();
      packets.slice(0, 9).forEach((packet) => writer.write(packet));
    });
    for (let length = 60; length < whole.length; length += 23) {
      const { packets: ours, fault } = outcomeOf(whole.subarray(0, length));
      const path = save('cut.pcapng', whole.subarray(0, length));
      // capinfos counts what it can read, and ends with an error where the file is cut inside a block.
      const { status, stdout } = spawnSync('capinfos', ['-c', '-M', '-T', '-r', path], { encoding: 'utf8' });
      expect(Number(stdout.trim().split('\t')[1])).toBe(ours.length);
      expect(status !== 0).toBe(fault !== undefined);
    }
  });
});
