// Owns: writing captures in the tests.
import type { CaptureWriter, PacketToWrite, PcapWriterOptions, PcapngWriterOptions } from '../src/index.ts';
import { PcapWriter, PcapngWriter } from '../src/index.ts';

export function written<Writer extends CaptureWriter>(
  make: (sink: (chunk: Uint8Array) => void) => Writer,
  use: (writer: Writer) => void,
): Uint8Array {
  const chunks: Uint8Array[] = [];
  const writer = make((chunk) => chunks.push(chunk));
  use(writer);
  writer.close();
  return new Uint8Array(Buffer.concat(chunks));
}

export function pcap(options: PcapWriterOptions, ...packets: PacketToWrite[]): Uint8Array {
  return written(
    (sink) => new PcapWriter(sink, options),
    (writer) => packets.forEach((packet) => writer.write(packet)),
  );
}

export function pcapng(options: PcapngWriterOptions, use: (writer: PcapngWriter) => void): Uint8Array {
  return written((sink) => new PcapngWriter(sink, options), use);
}
