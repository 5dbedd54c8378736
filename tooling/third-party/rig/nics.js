// Owns: QEMU's options for the NICs of a guest: served by us over vfio-user, or QEMU's own.
// Invariant: each NIC has a PCI Express port of its own, so that it can be removed, and so that virtual functions find room.

/** @param {number} index */
const port = (index) => ['-device', `pcie-root-port,id=port${index},chassis=${index + 1}`];

/**
 * NICs that another process serves.
 * @param {string[]} sockets
 * @returns {string[]}
 */
export const servedNics = (sockets) =>
  sockets.flatMap((path, index) => {
    const device = { driver: 'vfio-user-pci', bus: `port${index}`, socket: { type: 'unix', path } };
    return [...port(index), '-device', JSON.stringify(device)];
  });

/**
 * QEMU's own 82576, two of them back to back.
 * @param {string} folder for their sockets
 * @returns {string[]}
 */
export const qemuPair = (folder) =>
  [0, 1].flatMap((index) => {
    const ends = `local.type=unix,local.path=${folder}/wire${index},remote.type=unix,remote.path=${folder}/wire${1 - index}`;
    const mac = `52:54:00:12:34:5${index}`;
    return [
      ...['-netdev', `dgram,id=wire${index},${ends}`, ...port(index)],
      ...['-device', `igb,bus=port${index},netdev=wire${index},mac=${mac},romfile=`],
    ];
  });

/**
 * QEMU's own 82576, on QEMU's own small network with DHCP, echo and TFTP.
 * @param {string} [files] folder that is offered by TFTP
 * @returns {string[]}
 */
export const qemuWithNetwork = (files) => [
  ...['-netdev', `user,id=network${files === undefined ? '' : `,tftp=${files}`}`, ...port(0)],
  ...['-device', 'igb,bus=port0,netdev=network,mac=52:54:00:12:34:50,romfile='],
];
