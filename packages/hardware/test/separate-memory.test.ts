import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** Where host memory comes from outside, the devices' memory is a block of its own, and copies go between two blocks. */
it('copies between host memory from outside and device memory', () => {
  const wire = JSON.stringify(fileURLToPath(new URL('../src/wire.ts', import.meta.url)));
  const code = `
    const { provideMemory } = await import('@netcx/dma/provide');
    provideMemory({ buffer: new ArrayBuffer(1 << 20) });
    const memory = await import('@netcx/dma/memory');
    const wire = await import(${wire});
    const at = wire.allocateWire(4096);
    const wrong = [];
    for (const [to, from, bytes] of [[0, 0, 64], [8, 16, 100], [3, 5, 77], [0, 1, 9], [512, 512, 0]]) {
      for (let byte = 0; byte < 1024; byte++) { memory.u8[byte] = byte * 3; wire.u8[at + byte] = byte * 5 + 1; }
      const host = memory.u8.slice(0, 1024), device = wire.u8.slice(at, at + 1024);
      wire.copyToHost(to, at + from, bytes);
      host.set(device.subarray(from, from + bytes), to);
      if (Buffer.compare(memory.u8.subarray(0, 1024), host) !== 0) wrong.push(['to host', to, from, bytes]);
      wire.copyFromHost(at + to, from, bytes);
      device.set(host.subarray(from, from + bytes), to);
      if (Buffer.compare(wire.u8.subarray(at, at + 1024), device) !== 0) wrong.push(['from host', to, from, bytes]);
    }
    console.log(JSON.stringify({ separate: memory.buffer !== wire.buffer, wrong }));`;
  const output = execFileSync(
    process.execPath,
    ['--conditions=@netcx/source', '--import', import.meta.resolve('tsx'), '--input-type=module', '-e', code],
    { encoding: 'utf8', timeout: 120_000, cwd: fileURLToPath(new URL('..', import.meta.url)) },
  );
  expect(JSON.parse(output)).toEqual({ separate: true, wrong: [] });
});
