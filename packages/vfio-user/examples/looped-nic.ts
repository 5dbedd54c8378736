// Serves a NIC whose cable leads back to itself, until Ctrl-C.
import { VirtualClock } from '@netcx/clock';
import { LoopbackLink } from '@netcx/hardware';
import { Nic82576 } from '@netcx/nic-82576';
import { RealTime, VfioUserServer } from '@netcx/vfio-user';

const clock = new VirtualClock();
const link = new LoopbackLink(clock);
const nic = new Nic82576({ clock, link: link.end, macAddress: '02:00:00:00:00:01' });
const server = new VfioUserServer({
  socket: 'nic.sock',
  endpoint: nic,
  onEvent: ({ kind, detail }) => console.log(kind, detail),
});
const time = new RealTime(clock, (error) => console.error(error));
time.add(server);

process.once('SIGINT', () => {
  time.stop();
  server.close();
  console.log(server.counters());
});
