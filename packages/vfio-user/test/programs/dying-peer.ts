/* A peer that shares memory, asks for interrupts, sends half a message, and waits to be killed. */

import { Channel } from '../../src/channel.ts';
import { pack } from '../../src/fields.ts';
import { Command } from '../../src/protocol.ts';
import { connectUnix } from '../../src/unix-socket.ts';
import { EventCount } from '../../src/index.ts';
import { versionPayload } from '../../src/version.ts';

const channel = new Channel(connectUnix(process.argv[2] ?? ''), 1 << 16);
channel.send(1, Command.VERSION, 0, 0, versionPayload({ minor: 1, messageFds: 8, transferBytes: 65536 }));
channel.send(2, Command.DMA_MAP, 0, 0, pack([4, 32], [4, 3], [8, 0], [8, 0x10_0000], [8, 0x8000]));
const { fd } = new EventCount();
channel.send(3, Command.DEVICE_SET_IRQS, 0, 0, pack([4, 20], [4, 0x24], [4, 2], [4, 0], [4, 1]), [fd]);
channel.wait(1000);
channel.sendRaw(new Uint8Array([4, 0, 10, 0, 200, 0, 0, 0, 0, 0, 0, 0]));
process.stdout.write('ready\n');
setInterval(() => undefined, 1000);
