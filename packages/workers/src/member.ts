/*
 * One worker as the main thread sees it: its slice of memory, its thread, the orders that are open, and its end. Every order ends:
 * with its answer, an error, the thread's end, or when patience does. The slice is freed when the thread has ended.
 */

import type { Worker } from 'node:worker_threads';
import { hostPages } from '@netcx/dma';
import { hostBytes } from '@netcx/dma/memory';
import { allocateWire, freeWire } from '@netcx/hardware/wire';
import { BurstRing, type BurstRingSize } from './burst-ring.ts';
import { checkReport, type LinkNews, type Report, type WorkerSettings } from './messages.ts';
import type { Numbers } from './station.ts';
import { startThread } from './thread.ts';
import { remoteError, WorkerError, type RemoteError, type WorkerErrorCode } from './worker-error.ts';

/** Milliseconds that a thread may take to load its modules and build its station. */
const LOADING = 60_000;

/** What a member is made with. */
export interface MemberOptions extends Pick<
  WorkerSettings,
  'name' | 'index' | 'workers' | 'module' | 'numbers' | 'lockStep' | 'memory'
> {
  /** Bytes of its slice. */
  readonly hostBytes: number;
  readonly deviceBytes: number;
  readonly ring: BurstRingSize;
  /** Milliseconds that an order may take, where time does not stand still. */
  readonly patience: number;
  readonly listeners: MemberListeners;
}

/** Who hears of a member. */
export interface MemberListeners {
  /** It sleeps no longer than until now: its rings may have something. */
  readonly woke: () => void;
  /** Its transceiver was switched. */
  readonly transceiver: () => void;
  /** It is no more. */
  readonly lost: (error: WorkerError) => void;
}

/** An order without its number. */
type Request =
  | { readonly kind: 'start' | 'stop' | 'counters' }
  | { readonly kind: 'call'; readonly name: string; readonly numbers: Numbers }
  | { readonly kind: 'run'; readonly until: number };

interface Open {
  readonly resolve: (numbers: Numbers) => void;
  readonly reject: (error: WorkerError) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** One worker of a group. */
export class Member {
  /** For messages. */
  readonly name: string;
  /** The ways to it and from it. */
  readonly toWorker: BurstRing;
  readonly fromWorker: BurstRing;
  /** What its transceiver has on offer, `LINK_ABILITY` bits; 0 while it is off. */
  abilities = 0;
  /** In lock-step: when its next alarm goes off, as far as is known. */
  nextTime = 0;
  readonly #options: MemberOptions;
  readonly #pages: number;
  readonly #device: number;
  readonly #thread: Worker;
  readonly #open = new Map<number, Open>();
  readonly #ready: Promise<Numbers>;
  readonly #ended: Promise<void>;
  #next = 1;
  #failure: WorkerError | undefined;
  #closing = false;

  /**
   * @param options - slice, rings, station
   * @throws DmaError, RangeError or WorkerError when there is no memory for it
   */
  constructor(options: MemberOptions) {
    const {
      name,
      hostBytes: pageBytes,
      deviceBytes,
      ring,
      listeners: _listeners,
      patience: _patience,
      ...rest
    } = options;
    this.name = name;
    this.#options = options;
    const undo: (() => void)[] = [];
    try {
      this.#pages = hostPages.allocate(pageBytes, { owner: name });
      undo.push(() => hostPages.free(this.#pages));
      this.#device = allocateWire(deviceBytes);
      undo.push(() => freeWire(this.#device, deviceBytes));
      this.toWorker = new BurstRing(`${name} in`, ring);
      undo.push(() => this.toWorker.free());
      this.fromWorker = new BurstRing(`${name} out`, ring);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
    this.#ready = this.#expect(0, LOADING);
    this.#thread = startThread({
      ...{ ...rest, name, hostBytes, memory: options.memory },
      pages: { start: this.#pages, end: this.#pages + pageBytes },
      device: { start: this.#device, end: this.#device + deviceBytes },
      toWorker: this.toWorker.place,
      fromWorker: this.fromWorker.place,
    });
    this.#thread.on('message', (value: unknown) => this.#heard(value));
    this.#thread.on('messageerror', (error) =>
      this.lose('WORKER_LOST', 'what it sent cannot be read', remoteError(error)),
    );
    this.#thread.on('error', (error) => this.lose('WORKER_LOST', 'nobody caught what it threw', remoteError(error)));
    this.#ended = new Promise((resolve) => {
      this.#thread.on('exit', (code) => {
        try {
          this.lose('WORKER_LOST', `its thread ended with ${String(code)}`);
        } finally {
          // Whoever is told may throw: that is nobody's but their own.
          this.#free();
          resolve();
        }
      });
    });
  }

  /** Resolves once the station is built. */
  get ready(): Promise<Numbers> {
    return this.#ready;
  }

  /** Why it is no more; `undefined` while it is there. */
  get failure(): WorkerError | undefined {
    return this.#failure;
  }

  /**
   * @param request - what it shall do
   * @returns what it answers
   * @throws WorkerError `STATION_FAILED` with what was thrown there, `WORKER_LOST`, `WORKER_STUCK`
   */
  ask(request: Request): Promise<Numbers> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#next++;
    this.nextTime = 0; // whatever it does about it
    // In lock-step an order takes virtual time, which may stand still for as long as somebody likes.
    const limited = this.#options.lockStep === undefined || request.kind === 'run';
    const answer = this.#expect(id, limited ? this.#options.patience : undefined);
    this.#thread.postMessage({ ...request, id });
    return answer;
  }

  /**
   * A turn of lock-step.
   *
   * @param until - nanoseconds: where its clock goes
   * @returns when it is there, or lost
   */
  async run(until: number): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      const asked = this.#next;
      const { next = Infinity } = await this.ask({ kind: 'run', until });
      // What it was asked meanwhile it does at that time.
      this.nextTime = this.#next === asked + 1 ? next : until;
    } catch (error) {
      // A callback has thrown: its clock stands at a time that nobody can tell.
      this.lose('WORKER_LOST', 'its turn failed', error instanceof WorkerError ? error.remote : undefined);
    }
  }

  /**
   * @param link - the cable now
   */
  tell(link: LinkNews): void {
    if (this.#failure === undefined) this.#thread.postMessage({ kind: 'link', link });
    this.nextTime = 0;
  }

  /**
   * In lock-step: something happens to it then.
   *
   * @param time - nanoseconds; what is known already may be earlier
   */
  expectAt(time: number): void {
    this.nextTime = Math.min(this.nextTime, time);
  }

  /** Says that there is something in its rings. */
  wake(): void {
    if (this.#failure === undefined) this.#thread.postMessage({ kind: 'wake' });
  }

  /**
   * It is no more, or has done what cannot be: its orders are refused, and its thread is ended.
   *
   * @param code - what happened
   * @param reason - for people
   * @param remote - what was thrown
   */
  lose(code: WorkerErrorCode, reason: string, remote?: RemoteError): void {
    if (this.#failure !== undefined) return;
    const text = remote === undefined ? reason : `${reason}: ${remote.message}`;
    const failure = this.#closing
      ? new WorkerError('GROUP_CLOSED', `${this.name}: the group was closed`)
      : new WorkerError(code, `${this.name}: ${text}`, remote);
    this.#failure = failure;
    this.abilities = 0;
    this.nextTime = Infinity;
    for (const id of [...this.#open.keys()]) this.#settle(id, ({ reject }) => reject(failure));
    void this.#thread.terminate();
    if (!this.#closing) this.#options.listeners.lost(failure);
  }

  /** Ends the thread and frees the slice. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#thread.terminate();
    await this.#ended;
  }

  #expect(id: number, patience: number | undefined): Promise<Numbers> {
    const answer = new Promise<Numbers>((resolve, reject) => {
      const late = (): void => this.lose('WORKER_STUCK', `no answer within ${String(patience)} ms`);
      const timer = patience === undefined ? undefined : setTimeout(late, patience);
      this.#open.set(id, { resolve, reject, timer });
    });
    answer.catch(() => undefined); // who asks hears of it; nobody need have asked yet
    return answer;
  }

  #settle(id: number, settle: (open: Open) => void): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    clearTimeout(open.timer);
    settle(open);
  }

  #heard(value: unknown): void {
    if (this.#failure !== undefined) return;
    try {
      this.#carryOut(checkReport(this.name, value));
    } catch (error) {
      this.lose('WORKER_LOST', 'it sent what is no report', remoteError(error));
    }
  }

  #carryOut(report: Report): void {
    const { listeners } = this.#options;
    switch (report.kind) {
      case 'ready':
        this.#settle(0, ({ resolve }) => resolve({}));
        break;
      case 'done':
        this.#settle(report.id, ({ resolve }) => resolve(report.numbers));
        break;
      case 'failed': {
        const { error } = report;
        const failure = new WorkerError('STATION_FAILED', `${this.name}: ${error.message}`, error);
        this.#settle(report.id, ({ reject }) => reject(failure));
        break;
      }
      case 'transceiver':
        this.abilities = report.enabled ? report.abilities : 0;
        listeners.transceiver();
        break;
      case 'wake':
        listeners.woke();
        break;
      case 'refused':
        this.lose('STATION_MODULE', 'its station was not built', report.error);
        break;
      case 'broken':
        this.lose('BAD_BURST', 'it was sent what cannot be', report.error);
    }
  }

  /** The thread has ended: nobody is left who could touch its memory. */
  #free(): void {
    const { deviceBytes } = this.#options;
    hostPages.free(this.#pages);
    freeWire(this.#device, deviceBytes);
    this.toWorker.free();
    this.fromWorker.free();
  }
}
