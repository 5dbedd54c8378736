// The suite of accidents: the driver unloaded, the cable pulled, the function reset and the NIC removed, under traffic.
// Follows what Linux does with real hardware: it recovers, or lets the device go, and complains of nothing.
import { complaints, lostLink } from '../rig/answers.js';
import { hold, same } from '../rig/report.js';
import { connect, sumsAreRight } from './pair.js';

/** @import { Guest } from '../rig/guest.js' */
/** @import { Lab } from '../rig/lab.js' */

/** What the 82576 itself makes Linux say when its function is reset behind the driver's back. */
const afterReset = [...lostLink, /NETDEV WATCHDOG/, /Detected Tx Unit Hang/];

/** And when it is gone: every register reads as ones, the one that says that a time stamp waits as well. */
const afterRemoval = [/PCIe link lost/, /clearing Rx timestamp hang/];

/**
 * Streams in the background, again and again until `survived` asks for their end.
 * @param {Guest} guest
 */
const traffic = (guest) =>
  guest.run('rm -f /tmp/enough; background traffic streams_until /tmp/enough 6 192.0.2.1 192.0.2.2 2 4096; sleep 1');

/**
 * The streams are under way until now, and each byte of theirs came.
 * @param {Guest} guest
 */
const survived = (guest) => guest.run('test ! -e /tmp/traffic.code; touch /tmp/enough; finished traffic');

/** @param {Guest} guest */
const carrierChanges = async (guest) => Number(await guest.run('on a cat /sys/class/net/eth0/carrier_changes'));

export const recovery = {
  name: 'recovery',
  covers: 'Linux 6.1: module reload, link flap, driver and function reset under traffic, surprise removal',
  run: async (/** @type {Lab} */ lab) => {
    const { report } = lab;
    const { guest, server } = await lab.boot({ series: '6.1', wire: 'pair', processors: 2 });
    lab.accidents = true;
    await connect(lab, guest);

    await report.check('the module is unloaded under traffic and loaded again', async () => {
      await guest.run(
        'background flood on a ping -i 0.01 -w 8 192.0.2.2; sleep 1; rmmod igb && modprobe igb && two_namespaces',
      );
      await guest.run('on a ping -c 5 -i 0.1 -W 60 192.0.2.2 && streams 6 192.0.2.1 192.0.2.2 2 512');
    });

    if (server !== undefined) {
      await report.check('link flap, three times, under traffic: the driver sees each, no byte is lost', async () => {
        const before = await carrierChanges(guest);
        await traffic(guest);
        for (const _ of [1, 2, 3]) {
          server.send('link down 0');
          await guest.run('until_true carrier_in a eth0 0 && until_true carrier_in b eth1 0');
          server.send('link up 0');
          await guest.run('until_true carrier_in a eth0 1 && until_true carrier_in b eth1 1');
        }
        await survived(guest);
        // Three times down and up; a reset that igb does because frames were waiting takes the link down and up once more.
        const changes = (await carrierChanges(guest)) - before;
        hold(changes >= 6 && changes <= 20, `expected the link to change 6 times or a few more, got ${changes}`);
      });
    }

    await report.check('the driver resets its NIC under traffic: no byte is lost', async () => {
      await traffic(guest);
      for (const _ of [1, 2]) await guest.run('on a ethtool -r eth0; sleep 1; until_true carrier_in a eth0 1');
      await guest.run('on b ethtool -G eth1 rx 512 tx 512; until_true carrier_in b eth1 1');
      await survived(guest);
    });
    await report.check('until here the kernel does not complain', async () =>
      same('dmesg', await complaints(guest, lostLink), []),
    );

    await report.check('the function is reset behind the driver: Linux notices and recovers', async () => {
      // Linux notices once a transmit queue has stood still for 5 s with more than it may hold, so it has to go on sending until then.
      // A neighbour's address that is to be confirmed meanwhile is forgotten for want of an answer, and sending ends: it is made to stay.
      const script = [
        'on a ping -c 1 192.0.2.2 && on a ip neigh change 192.0.2.2 dev eth0 nud permanent',
        'cd /sys/bus/pci/devices/0000:01:00.0 && grep -q flr reset_method && echo flr >reset_method',
        'background flood on a ping -i 0.05 192.0.2.2',
        'sleep 1; echo 1 >reset && until_true on a ping -c 1 -W 1 192.0.2.2 && killall ping',
      ].join('\n');
      await guest.run(script);
      await guest.run('until_true carrier_in a eth0 1 && streams 6 192.0.2.1 192.0.2.2 2 512');
    });
    await report.check('no checksum was wrong: every InCsumErrors is 0', () => sumsAreRight(guest));

    if (server !== undefined) {
      await report.check('surprise removal under traffic: Linux lets the device go', async () => {
        await guest.run('background flood on a ping -i 0.01 192.0.2.2; sleep 1');
        server.send('remove 0');
        await guest.run(`until_true sh -c 'dmesg | grep -q "PCIe link lost"' && killall ping`);
        const config = await guest.run(
          'dd if=/sys/bus/pci/devices/0000:01:00.0/config bs=4 count=1 2>/dev/null | hexdump -v -e \'4/1 "%02x"\'',
        );
        same('configuration space', config.trim(), 'ffffffff');
        await guest.run(
          'echo 1 >/sys/bus/pci/devices/0000:01:00.0/remove && test ! -e /sys/bus/pci/devices/0000:01:00.0',
        );
      });
      await report.check('the other NIC lives on', async () => {
        const text = await guest.run(
          'on b ethtool eth1 && on b ip link set eth1 down && on b ip link set eth1 up && rmmod igb',
        );
        hold(/Speed|Link detected/.test(text), text);
      });
    }
    await report.check('the kernel complains of nothing else', async () => {
      same('dmesg', await complaints(guest, [...afterReset, ...afterRemoval]), []);
    });
  },
};
