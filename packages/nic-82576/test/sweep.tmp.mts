import { nicSuite, runCases } from '@netcx/conformance';
import { VirtualClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { Nic82576 } from '../src/index.ts';
import { BAR, REGISTERS } from '../src/registers/index.ts';
for (let seed = Number(process.argv[2]); seed <= Number(process.argv[3]); seed++) {
  const t = Date.now();
  const v = await runCases(nicSuite({ create({ seed }) { const clock = new VirtualClock({ seed }); const link = new Link(clock, { capacity: 128 * 1024 }); const nic = new Nic82576({ clock, link: link.a, macAddress: '02:00:00:00:00:01', vectors: seed % 25 + 1 });
    return { endpoint: nic, clock, peer: link.b, survivesReset: (bar: number, offset: number, kind: string) => kind === 'function' && bar === 0 && offset === REGISTERS.STATUS.offset, dispose() { nic.close(); link.close(); } }; } }), { seed, effort: Number(process.argv[4] ?? 1) });
  const bad = v.filter((x) => x.verdict === 'failed');
  console.log(seed, bad.length === 0 ? 'ok' : 'FAILED', Date.now() - t, 'ms');
  for (const b of bad) console.log('   ', b.name, '|', (b as any).error.message.slice(0, 900));
}
