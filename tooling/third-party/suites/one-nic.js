// The suites with one NIC and a wire that answers: probe, link, addresses, echo, a file, interrupts, and all that ethtool asks.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './ethtool.js';
import { complaints, interrupts, lostLink, statistics } from '../rig/answers.js';
import { hold, same, settled } from '../rig/report.js';

/** @import { Guest } from '../rig/guest.js' */
/** @import { Lab } from '../rig/lab.js' */
/** @import { Series } from '../fetch/parts.js' */

/**
 * Loads the driver, and sees it find the NIC, get an address and an echo.
 * @param {Lab} lab
 * @param {Guest} guest
 */
async function bringUp(lab, guest) {
  const { report } = lab;
  await report.check('probe: the driver finds the NIC', async () => {
    await guest.run('modprobe igb && until_true test -e /sys/class/net/eth0');
    const log = await guest.run('dmesg');
    hold(
      /igb 0000:\S+: Intel\(R\) Gigabit Ethernet Network Connection/.test(log),
      log.split('\n').slice(-20).join('\n'),
    );
    const valid = /eth0: \(PCIe:[^)]*\) ([0-9a-f:]{17})/.exec(log)?.[1];
    hold(valid !== undefined && valid !== '00:00:00:00:00:00', `expected a hardware address, got ${valid}`);
  });
  await report.check('link: comes up at 1000 Mb/s, full duplex', async () => {
    const text = await guest.run('ready eth0 && ethtool eth0');
    for (const word of ['Speed: 1000Mb/s', 'Duplex: Full', 'Auto-negotiation: on', 'Link detected: yes']) {
      hold(text.includes(word), `expected ${word}, got\n${text}`);
    }
  });
  await report.check('DHCP: an address from the wire', async () => {
    await guest.run('udhcpc -i eth0 -n -q -t 10 -T 1 -s /guest/dhcp.sh && ip -4 address show dev eth0 | grep inet');
  });
  await report.check('ping: 10 of 10, small and large', async () => {
    for (const size of [56, 1472]) {
      const text = await guest.run(`ping -c 5 -i 0.2 -W 60 -s ${size} "$(cat /tmp/router)"`);
      hold(text.includes('5 packets transmitted, 5 packets received, 0% packet loss'), text);
    }
  });
}

/**
 * The first IPv6 neighbour that answers an echo to all nodes, then five echoes from it.
 * @param {Lab} lab
 * @param {Guest} guest
 */
async function ping6(lab, guest) {
  if (lab.isControl) return; // QEMU's small network answers IPv6 only where this machine has IPv6
  await lab.report.check('ping over IPv6: 5 of 5', async () => {
    const script = 'ip -6 address add fd00:2::f/64 dev eth0 nodad; ping -6 -c 5 -i 0.2 -W 60 fd00:2::2';
    const text = await guest.run(script);
    hold(text.includes('5 packets transmitted, 5 packets received, 0% packet loss'), text);
  });
}

/**
 * A folder with a file of random bytes, for TFTP.
 * @param {Lab} lab
 */
function offeredFile(lab) {
  const files = join(lab.folder, 'files');
  mkdirSync(files);
  const content = randomBytes(300_000);
  writeFileSync(join(files, 'content'), content);
  return { files, md5: createHash('md5').update(content).digest('hex') };
}

/**
 * @param {Guest} guest
 * @param {string} md5 of the file
 */
async function fetched(guest, md5) {
  const script = 'cd /tmp && tftp -g -b 1400 -r content "$(cat /tmp/server)" && md5sum content';
  const text = await guest.run(script);
  hold(text.includes(md5), `expected ${md5}, got ${text}`);
}

/**
 * The whole of point one for a kernel, and point two, as far as one NIC goes.
 * @param {Series} series
 */
export const oneNic = (series) => ({
  name: `igb-${series}`,
  covers: `Linux ${series}: probe, link, DHCP, ping, TFTP, MSI-X, ethtool's self-test, questions and settings, reload`,
  run: async (/** @type {Lab} */ lab) => {
    const { report } = lab;
    const { files, md5 } = offeredFile(lab);
    const { guest, server } = await lab.boot({ series, wire: 'responder', files });
    await bringUp(lab, guest);
    await ping6(lab, guest);
    await report.check('TFTP: 300,000 bytes, md5 equal', () => fetched(guest, md5));
    await report.check('MSI-X: a vector a queue, each used', () => eachVector(guest));
    if (server !== undefined) {
      await report.check('the cable out and in again: an interrupt each on the vector of other causes', async () => {
        const count = async () => (await interrupts(guest, 'eth0')).count.get('eth0');
        const before = await count();
        server.send('link down 0');
        await guest.run('until_true has_no_carrier eth0');
        const between = await count();
        server.send('link up 0');
        await guest.run('until_true has_carrier eth0');
        const after = await count();
        hold(between > before && after > between, `expected more each time, got ${before}, ${between}, ${after}`);
      });
    }
    await report.check('ethtool -t offline: all five parts pass', () => selfTest(guest));
    await report.check('ethtool -t offline leaves the NIC as it was', async () => {
      await guest.run('until_true has_carrier eth0; ping -c 3 -i 0.2 -W 60 "$(cat /tmp/router)"');
    });
    await ask(report, guest);
    await report.check('the module is unloaded and loaded again, twice', async () => {
      for (const time of ['first', 'second']) {
        const script =
          'rmmod igb && modprobe igb && ready eth0 && ip address add 10.0.2.77/24 dev eth0 && ping -c 3 -i 0.2 -W 60 10.0.2.2';
        const text = await guest.run(script);
        hold(text.includes('0% packet loss'), `${time} time: ${text}`);
      }
    });
    await report.check('the kernel does not complain', async () =>
      same('dmesg', await complaints(guest, lostLink), []),
    );
  },
});

/** @param {Guest} guest */
async function eachVector(guest) {
  const before = await interrupts(guest, 'eth0');
  await guest.run('ping -c 10 -i 0.05 -W 60 "$(cat /tmp/router)"');
  const after = await interrupts(guest, 'eth0');
  const names = after.count.matching(/./).map(([name]) => name);
  same('vectors', names, ['eth0', 'eth0-rx-0', 'eth0-tx-0']);
  hold(
    after.kinds.every((kind) => kind.includes('PCI-MSI')),
    `expected each to be a message, got ${after.kinds.join('; ')}`,
  );
  for (const name of ['eth0-rx-0', 'eth0-tx-0']) {
    const came = after.count.get(name) - before.count.get(name);
    hold(came > 0 && came < 400, `${name}: expected 1 to 400 interrupts for ten echoes, got ${came}`);
  }
}

/** @param {Guest} guest */
async function selfTest(guest) {
  const { output } = await guest.attempt('ethtool -t eth0 offline');
  const parts = [...output.matchAll(/^(\w+) test +\((?:on\/)?offline\)\s+(\d+)$/gm)].map(
    ([, name, code]) => `${name} ${code}`,
  );
  const expected = ['Register 0', 'Eeprom 0', 'Interrupt 0', 'Loopback 0', 'Link 0'];
  if (parts.join() !== expected.join()) {
    const log = (await guest.run('dmesg')).split('\n').slice(-12).join('\n');
    throw new Error(`expected ${expected.join(', ')}, got\n${output}\n${log}`);
  }
}

/**
 * The same NIC without messages.
 * @param {Series} series
 */
export const lineInterrupts = (series) => ({
  name: `igb-${series}-nomsi`,
  covers: `Linux ${series} with pci=nomsi: probe, link, DHCP, ping, one interrupt line`,
  run: async (/** @type {Lab} */ lab) => {
    const { report } = lab;
    const { guest } = await lab.boot({ series, wire: 'responder', append: 'pci=nomsi' });
    await bringUp(lab, guest);
    await report.check('one interrupt line, used, and not stormed', async () => {
      const before = await interrupts(guest, 'eth0');
      await guest.run('ping -c 10 -i 0.05 -W 60 "$(cat /tmp/router)"');
      const after = await interrupts(guest, 'eth0');
      same(
        'lines',
        after.count.matching(/./).map(([name]) => name),
        ['eth0'],
      );
      hold(
        after.kinds.every((kind) => kind.includes('IO-APIC')),
        `expected a line, got ${after.kinds.join('; ')}`,
      );
      const came = after.count.get('eth0') - before.count.get('eth0');
      hold(came > 0 && came < 400, `expected 1 to 400 interrupts for ten echoes, got ${came}`);
    });
    await report.check('statistics count what was sent', async () => {
      const before = await statistics(guest, 'eth0');
      await guest.run('ping -c 10 -i 0.05 -W 60 "$(cat /tmp/router)"');
      for (const name of ['rx_queue_0_packets', 'tx_queue_0_packets']) {
        // Counted when the driver is told, which may be after the last echo's answer.
        const more = await settled(
          10,
          async () => (await statistics(guest, 'eth0')).get(name) - before.get(name),
          (more) => more >= 10,
        );
        hold(more >= 10 && more < 40, `${name}: expected 10 to 40 more for ten echoes, got ${more}`);
      }
    });
    await report.check('the kernel does not complain', async () => same('dmesg', await complaints(guest), []));
  },
});

/** The same NIC, whose server may not map the guest's memory: every descriptor and every frame travels in messages. */
export const messages = {
  name: 'igb-6.12-messages',
  covers: 'Linux 6.12, DMA by messages: probe, link, DHCP, ping, TFTP',
  run: async (/** @type {Lab} */ lab) => {
    const { report } = lab;
    const { files, md5 } = offeredFile(lab);
    const { guest, server } = await lab.boot({ series: '6.12', wire: 'responder', files, sharedMemory: false });
    await bringUp(lab, guest);
    await report.check('TFTP: 300,000 bytes, md5 equal', () => fetched(guest, md5));
    await report.check('the kernel does not complain', async () => same('dmesg', await complaints(guest), []));
    if (server === undefined) return;
    await report.check('memory was reached by messages', async () => {
      await guest.stop();
      await lab.endServer(server);
      const count = /^counter 0 server\.memoryMessages (\d+)$/m.exec(server.words())?.[1];
      hold(Number(count) > 100, `expected more than 100 messages, got ${count}`);
    });
  },
};
