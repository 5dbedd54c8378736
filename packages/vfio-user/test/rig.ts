/*
 * A server and a client in one thread, in virtual time: whenever the client waits, the server gets its turn and the clock
 * goes on. The NIC's cable leads back to itself.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MICROSECOND, MILLISECOND, VirtualClock } from '@netcx/clock';
import { LoopbackLink } from '@netcx/hardware';
import { Nic82576 } from '@netcx/nic-82576';
import { BAR, REGISTERS } from '@netcx/nic-82576/registers';
import type { Register } from '@netcx/layout';
import { VfioUserClient, VfioUserServer, type ServerEvent, type VfioUserServerOptions } from '../src/index.ts';

const MAC = [2, 0, 0, 0, 0, 1];
const { CTRL } = REGISTERS;

/** A server of a NIC, and whoever connects to it. */
export class Rig {
  readonly clock = new VirtualClock();
  readonly link = new LoopbackLink(this.clock);
  readonly nic: Nic82576;
  readonly server: VfioUserServer;
  readonly socket: string;
  readonly events: ServerEvent[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'netcx-vfio-user-'));
  readonly #clients: VfioUserClient[] = [];

  constructor(options: Partial<VfioUserServerOptions> = {}) {
    this.socket = join(this.#folder, 'nic.sock');
    this.nic = new Nic82576({ clock: this.clock, link: this.link.end, macAddress: MAC });
    try {
      this.server = new VfioUserServer({
        socket: this.socket,
        endpoint: this.nic,
        onEvent: (event) => this.events.push(event),
        ...options,
      });
    } catch (error) {
      this.#clear(); // nobody has a rig to close
      throw error;
    }
  }

  /** What happened so far, in short. */
  get heard(): string[] {
    return this.events.splice(0).map(({ kind, detail }) => (detail === '' ? kind : `${kind}: ${detail}`));
  }

  /** The server does what there is to do, and a little time passes. */
  turn(): void {
    while (this.server.turn()) this.clock.advance(0);
    this.clock.advance(10 * MICROSECOND);
  }

  connect(): VfioUserClient {
    const client = new VfioUserClient({ socket: this.socket, idle: () => this.turn() });
    this.#clients.push(client);
    return client;
  }

  /** Connects, switches the function on and waits for its link. */
  bringUp(): Driver {
    const driver = new Driver(this, this.connect());
    driver.client.enable();
    driver.write(CTRL, driver.read(CTRL) | CTRL.SLU.mask);
    this.pass(100);
    return driver;
  }

  /** Time passes, in milliseconds. */
  pass(milliseconds: number): void {
    this.turn();
    this.clock.advance(milliseconds * MILLISECOND);
    this.turn();
  }

  close(): void {
    for (const client of this.#clients) client.close();
    this.server.close();
    this.#clear();
  }

  #clear(): void {
    this.nic.close();
    this.link.close();
    rmSync(this.#folder, { recursive: true });
  }
}

/** The registers of the NIC, through the socket. */
export class Driver {
  readonly client: VfioUserClient;
  readonly #rig: Rig;

  constructor(rig: Rig, client: VfioUserClient) {
    this.#rig = rig;
    this.client = client;
  }

  read(register: Register, index = 0): number {
    return this.client.read32(BAR.REGISTERS.index, register.at(index));
  }

  write(register: Register, value: number, index = 0): void {
    this.client.write32(BAR.REGISTERS.index, register.at(index), value);
  }

  /** Rings a doorbell and lets everything happen that follows. */
  ring(register: Register, tail: number): void {
    this.write(register, tail);
    this.#rig.pass(2);
  }
}
