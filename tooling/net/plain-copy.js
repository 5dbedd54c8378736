#!/usr/bin/env node
// Owns: what the driver's cost is measured against: two TAPs, `left` and `right`, and nothing between them but a copy of each
// frame with its virtio-net header from one to the other. Arguments: NAMESPACE NAMESPACE MTU on|off (offloads).
import { PieceMemory, Pieces, Tap, VNET_HEADER_BYTES } from '@netcx/tap';

const BURST = 64;
const LONGEST = VNET_HEADER_BYTES + 66_048;
const [left = '', right = '', mtu = '1500', offload = 'on'] = process.argv.slice(2);
const on = offload === 'on';
const offloads = { checksum: on, tcpSegmentation: on, udpSegmentation: on };

/**
 * @param {string} name
 * @param {string} namespace
 */
const open = (name, namespace) => new Tap({ name, namespace: `/run/netns/${namespace}`, mtu: Number(mtu), offloads });

/**
 * @param {Tap} from
 * @param {Tap} to
 */
function copy(from, to) {
  const memory = new PieceMemory(new Uint8Array(new SharedArrayBuffer(LONGEST)));
  const whole = new Pieces(1);
  whole.add(memory, 0, LONGEST);
  const frame = new Pieces(1);
  /** @returns {boolean} whether everything was read */
  const drain = () => {
    for (let count = 0; count < BURST; count++) {
      const bytes = from.read(0, whole);
      if (bytes < 0) return true;
      frame.clear();
      frame.add(memory, 0, bytes);
      to.write(0, frame);
    }
    setImmediate(() => {
      if (drain()) from.resume(0);
    });
    return false;
  };
  from.watch(0, drain);
}

const taps = [open('left', left), open('right', right)];
const [a, b] = taps;
if (a === undefined || b === undefined) throw new Error('two TAPs');
for (const tap of taps) tap.setCarrier(true);
copy(a, b);
copy(b, a);
console.log('left: ready\nright: ready');
process.once('SIGTERM', () => {
  void Promise.all(taps.map((tap) => tap.close())).then(() => process.exit(0));
});
