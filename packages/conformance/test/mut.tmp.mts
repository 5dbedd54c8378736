import { driverSuite, nicSuite, runCases } from '../src/index.ts';
import { plainMachine, type DriverFault } from './plain-driver.ts';
import { plainNic } from './plain-nic-under-test.ts';
import type { NicFault } from './plain-nic.ts';
const drv: DriverFault[] = ['counts packets in 16 bits','drops high words','drops what is no sound IPv4','drops every 50th frame','keeps its memory','leaves its NIC on','loses wake-ups','never gives a packet up','overlooks link changes','posts packets to be ignored','sends every 50th frame twice','sends first fragments only','swaps frames'];
const nicd: NicFault[] = ['pads with garbage','passes damaged frames','rounds addresses down'];
const nics: NicFault[] = ['answers while memory space is off','differs by access size','forgets a BAR bit','ids can be written','keeps a register over resets','lives on after removal','reaches memory without bus mastering','runs its capabilities in a circle','sends masked vectors','shares a register','throws at a register','throws on a fault','unsteady'];
const effort = Number(process.argv[2] ?? 0.05);
async function show(what: string, cases: any) { const t=Date.now(); const v = await runCases(cases, { effort }); console.log(`## ${what} (${Date.now()-t} ms)`); for (const x of v) if (x.verdict !== 'passed') console.log('   ', x.verdict, '|', x.name, process.argv[3] ? (x as any).error?.message.slice(0, 170) : ''); }
for (const f of drv) await show(f, driverSuite({ create: (w) => plainMachine(w, [f]) }));
for (const f of nicd) await show(f, driverSuite({ create: (w) => plainMachine(w, [], [f]), iommu: 'without' }));
for (const f of nics) await show(f, nicSuite({ create: (w) => plainNic(w, [f]) }));
