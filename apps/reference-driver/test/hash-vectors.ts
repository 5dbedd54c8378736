/*
 * Microsoft's verification suite for receive-side scaling: addresses, ports and the hashes that they must give with its key.
 * Frames of these flows are made here, too.
 */

/** The key of the suite. */
export const KEY = Uint8Array.from(
  Buffer.from('6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa', 'hex'),
);

/** A flow with its hashes. */
export interface HashVector {
  readonly name: 'IPv4' | 'IPv6';
  /** Address and port, with a colon between them for IPv4, in brackets for IPv6. */
  readonly from: string;
  readonly to: string;
  readonly addresses: number;
  readonly withPorts: number;
}

// prettier-ignore
export const VECTORS: readonly HashVector[] = [
  { name: 'IPv4', from: '66.9.149.187:2794',   to: '161.142.100.80:1766', addresses: 0x323e_8fc2, withPorts: 0x51cc_c178 },
  { name: 'IPv4', from: '199.92.111.2:14230',  to: '65.69.140.83:4739',   addresses: 0xd718_262a, withPorts: 0xc626_b0ea },
  { name: 'IPv4', from: '24.19.198.95:12898',  to: '12.22.207.184:38024', addresses: 0xd2d0_a5de, withPorts: 0x5c2b_394a },
  { name: 'IPv4', from: '38.27.205.30:48228',  to: '209.142.163.6:2217',  addresses: 0x8298_9176, withPorts: 0xafc7_327f },
  { name: 'IPv4', from: '153.39.163.191:44251', to: '202.188.127.2:1303', addresses: 0x5d18_09c5, withPorts: 0x10e8_28a2 },
  { name: 'IPv6', from: '[3ffe:2501:200:1fff::7]:2794', to: '[3ffe:2501:200:3::1]:1766', addresses: 0x2cc1_8cd5, withPorts: 0x4020_7d3d },
  { name: 'IPv6', from: '[3ffe:501:8::260:97ff:fe40:efab]:14230', to: '[ff02::1]:4739', addresses: 0x0f0c_461c, withPorts: 0xdde5_1bbf },
  { name: 'IPv6', from: '[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:44251', to: '[fe80::200:f8ff:fe21:67cf]:38024', addresses: 0x4b61_e985, withPorts: 0x02d1_feef },
];

function endpoint(text: string): { address: number[]; port: number[] } {
  const [, host = '', port = ''] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(text) ?? [];
  const two = (value: number): number[] => [value >>> 8, value & 255];
  if (!host.includes(':')) return { address: host.split('.').map(Number), port: two(Number(port)) };
  const [head = '', tail = ''] = host.split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((word) => parseInt(word, 16)));
  const [left, right] = [words(head), words(tail)];
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return { address: [...left, ...zeros, ...right].flatMap(two), port: two(Number(port)) };
}

/**
 * @param vector - addresses and ports
 * @param protocol - which carries them
 * @param mark - the frame's last byte
 * @returns a frame of that flow, without checksums
 */
export function flow(vector: Pick<HashVector, 'name' | 'from' | 'to'>, protocol: 'TCP' | 'UDP', mark = 0): Uint8Array {
  const from = endpoint(vector.from);
  const to = endpoint(vector.to);
  const tcp = protocol === 'TCP';
  const layer4 = [...from.port, ...to.port, ...(tcp ? [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x10] : [0, 8 + 20, 0, 0])];
  const payload = new Array<number>(20 + (tcp ? 6 : 0)).fill(0);
  payload[payload.length - 1] = mark;
  const carried = [...layer4, ...payload];
  const number = tcp ? 6 : 17;
  const ip =
    vector.name === 'IPv4'
      ? [0x45, 0, 0, 20 + carried.length, 0, 0, 0, 0, 64, number, 0, 0, ...from.address, ...to.address]
      : [0x60, 0, 0, 0, 0, carried.length, number, 64, ...from.address, ...to.address];
  const type = vector.name === 'IPv4' ? [0x08, 0x00] : [0x86, 0xdd];
  const bytes = Uint8Array.from([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...type, ...ip, ...carried]);
  if (bytes.length >= 60) return bytes;
  const padded = new Uint8Array(60);
  padded.set(bytes);
  padded[59] = mark;
  return padded;
}
