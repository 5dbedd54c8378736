// Reads a capture of either format and writes it as pcapng with nanosecond timestamps.
import type { CaptureInterface } from '@netcx/pcap';
import { PcapngWriter, createCaptureFile, openCapture } from '@netcx/pcap';

export async function convert(from: string, to: string): Promise<number> {
  const output = await createCaptureFile(to, (sink) => new PcapngWriter(sink, { application: 'convert' }));
  const ids = new Map<CaptureInterface, number>();
  let count = 0;
  try {
    for await (const packet of await openCapture(from)) {
      // No snapshot length: some captures have packets longer than theirs, which a writer refuses.
      const id = ids.get(packet.interface) ?? output.writer.addInterface({ ...packet.interface, snapLength: 0 });
      ids.set(packet.interface, id);
      output.writer.write({ ...packet, interface: id });
      if (output.congested) await output.drain();
      count++;
    }
  } catch (error) {
    await output.abort(); // or close(), to keep what came before a fault
    throw error;
  }
  await output.close();
  return count;
}
