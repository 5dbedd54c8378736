// Asks ten times who has an address, over a link that loses frames, and records what passes.
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { parseImpairments } from '@netcx/hardware';
import { openWire, parseWire, Partner } from '@netcx/wires';

const REQUEST = Buffer.from(
  'ffffffffffff02000000000a0806000108000604000102000000000a0a00020f0000000000000a000202',
  'hex',
);

export async function whoHas(capture: string): Promise<string[]> {
  const clock = new VirtualClock({ seed: 1 });
  const impair = parseImpairments('loss=20%,delay=2ms');
  const wire = await openWire(parseWire(`pcap:${capture}+responder:address=10.0.2.2/24`), { clock, impair });
  const answers: string[] = [];
  // Where a NIC would be plugged in.
  const station = new Partner(clock, wire.ends[0]!, (frame) => {
    answers.push(`${clock.now() / MILLISECOND} ms: 10.0.2.2 is at ${Buffer.from(frame.slice(22, 28)).toString('hex')}`);
  });
  clock.run(); // the link comes up
  for (let request = 0; request < 10; request++) {
    station.outbox.send(Uint8Array.from(REQUEST));
    clock.advance(10 * MILLISECOND);
  }
  await wire.close();
  return answers;
}
