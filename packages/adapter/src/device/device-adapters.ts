/*
 * A device's table, run over its adapters: what each of the device's states does to them. Queues are made in the order in
 * which the adapters were, and go in the reverse one; an adapter that is made while the device works gets its I/O at once.
 */

import type { NetAdapter } from '../net-adapter.ts';
import { takeEach } from '../rundown.ts';
import { violation } from '../verifier/violation.ts';
import {
  DEVICE_PNP_POWER,
  type DevicePnpPowerAction,
  type DevicePnpPowerEvent,
  type DevicePnpPowerState,
} from './device-pnp-power.ts';
import type { PowerDownTarget, PowerState } from './power-state.ts';
import { StateMachine } from './state-machine.ts';

/** The adapters of one device, and its table. */
export class DeviceAdapters {
  readonly #device: string;
  readonly #all: NetAdapter[] = [];
  readonly #machine: StateMachine<
    DevicePnpPowerState,
    DevicePnpPowerEvent,
    DevicePnpPowerAction,
    NetAdapter | undefined
  >;
  #removing = false;
  /** Why there are not all queues, while those that there are do not drain: told once the device is in D0 with them. */
  #refusal: { readonly error: unknown } | undefined;

  /**
   * @param device - its name, for messages
   * @param entered - told of every state that the device enters
   */
  constructor(device: string, entered: (state: DevicePnpPowerState) => void) {
    this.#device = device;
    const down = (target: PowerDownTarget) => () => this.#stopIo(target);
    this.#machine = new StateMachine({
      name: device,
      table: DEVICE_PNP_POWER,
      initial: 'Created',
      entered,
      actions: {
        addAdapter: (adapter) => void this.#all.push(...(adapter === undefined ? [] : [adapter])),
        addAdapterPoweredUp: (adapter) => this.#addPoweredUp(adapter),
        addAdapterSurpriseRemoved: (adapter) => this.#addSurpriseRemoved(adapter),
        poweringUp: () => this.#startIo(),
        poweringDownD1: down('D1'),
        poweringDownD2: down('D2'),
        poweringDownD3: down('D3'),
        poweringDownD3Final: down('D3Final'),
        stopping: () => this.#inReverse((adapter) => adapter.life.stopForDevice()),
        restarting: async () => {
          for (const adapter of this.#all) await adapter.life.restart();
          return undefined;
        },
        surpriseRemoving: () => this.#inReverse((adapter) => adapter.life.surpriseRemove()),
      },
    });
  }

  /** The adapters, in the order in which they were made. */
  get all(): readonly NetAdapter[] {
    return this.#all;
  }

  /** Where the device is in its table. */
  get state(): DevicePnpPowerState {
    return this.#machine.state;
  }

  /**
   * @param adapter - one that was just made
   * @throws ViolationError 0x25 `REMOVING_DEVICE_WITH_ADAPTERS` when the device is being removed
   */
  add(adapter: NetAdapter): void {
    if (this.#removing || this.state === 'Removed')
      throw violation(0x25, `${this.#device} is removed, and ${adapter.name} was made on it`, {
        object: this.#device,
        found: adapter.name,
      });
    void this.#machine.post('AdapterCreated', adapter);
  }

  /** The device is there: `Start`. Its adapters' owners start them again. */
  async start(): Promise<void> {
    await this.#machine.post('Start', undefined);
  }

  /**
   * The device works: queues are made. When one cannot be, none stays.
   *
   * @throws what the creation of queues throws. In D0, when others of them did not drain then: they go as those of a device
   * that works do
   */
  async powerUp(): Promise<void> {
    this.#refusal = undefined;
    await this.#machine.post('PowerUp', undefined);
    const refusal = this.#refusal as { readonly error: unknown } | undefined; // which the post may have set
    if (refusal !== undefined) throw refusal.error;
  }

  /**
   * The device is about to lose power: queues go.
   *
   * @param target - what it goes down to
   */
  async powerDown(target: PowerDownTarget): Promise<void> {
    await this.#machine.post(`PowerDown${target}`, undefined);
  }

  /** The device has stopped, or could not start: interfaces stop. Nothing where they have already. */
  async stop(): Promise<void> {
    if (this.#machine.takes('Stop')) await this.#machine.post('Stop', undefined);
  }

  /** The device was pulled out. Nothing where it has no hardware, or was pulled out before. */
  async surpriseRemove(): Promise<void> {
    if (this.#machine.takes('SurpriseRemove')) await this.#machine.post('SurpriseRemove', undefined);
  }

  /** No adapters are made on the device any more. */
  close(): void {
    this.#removing = true;
  }

  /** The adapters are deleted, and the device with them. */
  async remove(): Promise<void> {
    for (const adapter of [...this.#all].reverse()) await this.delete(adapter);
    await this.#machine.post('Cleanup', undefined);
  }

  /**
   * @param adapter - deleted, if it is one of the device's
   */
  async delete(adapter: NetAdapter): Promise<void> {
    const index = this.#all.indexOf(adapter);
    if (index < 0) return;
    await adapter.life.delete();
    this.#all.splice(index, 1);
  }

  /**
   * @param state - what the device changes to, for the protocols
   * @throws what the first of them throws, once all of them were told
   */
  tellPower(state: PowerState): void {
    takeEach(this.#all.map((adapter) => () => adapter.life.tellPower(state)));
  }

  #addPoweredUp(adapter: NetAdapter | undefined): undefined {
    if (adapter === undefined) return undefined;
    void adapter.life.post('IoStart');
    this.#all.push(adapter);
    return undefined;
  }

  #addSurpriseRemoved(adapter: NetAdapter | undefined): undefined {
    if (adapter === undefined) return undefined;
    void adapter.life.post('SurpriseRemove');
    this.#all.push(adapter);
    return undefined;
  }

  async #startIo(): Promise<undefined> {
    try {
      for (const adapter of this.#all) await adapter.life.post('IoStart');
    } catch (error) {
      try {
        await this.#stopIo('D3');
      } catch {
        this.#refusal = { error };
        return undefined;
      }
      throw error;
    }
    return undefined;
  }

  #stopIo(target: PowerDownTarget): Promise<undefined> {
    return this.#inReverse((adapter) => adapter.life.stopIo(target));
  }

  async #inReverse(action: (adapter: NetAdapter) => Promise<void>): Promise<undefined> {
    for (const adapter of [...this.#all].reverse()) await action(adapter);
    return undefined;
  }
}
