/*
 * Owns: how a running netcx is asked: a local socket with its process's number, in a folder of the user's; each line that comes
 * is answered with a snapshot, one line of JSON.
 * Invariant: only the user may ask, and only the user's processes are asked; nothing that is sent does anything but be answered,
 * and what is not read is not kept.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from '../exit-code.ts';
import type { Snapshot } from './snapshot.ts';

/** How long an answer may take, in milliseconds. */
const PATIENCE = 2000;
/** The longest answer that is believed, in characters. */
const LONGEST_ANSWER = 4 * 1024 * 1024;

/** Names the folder for processes that this one starts as another user, as in a namespace of their own. */
export const FOLDER_VARIABLE = 'NETCX_STATUS_FOLDER';

/** @returns the folder of this user's sockets */
export const statusFolder = (): string =>
  process.env[FOLDER_VARIABLE] ?? join(tmpdir(), `netcx-${process.getuid?.() ?? 'user'}`);

/**
 * Folders for temporary files are open to all: what is there under our name may have been made by somebody else.
 *
 * @returns whether the folder is there
 * @throws CommandError when others could put something into it, or have
 */
function isOurFolder(folder: string): boolean {
  const status = lstatSync(folder, { throwIfNoEntry: false });
  if (status === undefined) return false;
  const { getuid } = process;
  // Systems that have no user numbers have no folder for all of them either.
  if (getuid === undefined) return true;
  if (status.isDirectory() && status.uid === getuid() && (status.mode & 0o077) === 0) return true;
  throw new CommandError(
    `${folder} is no folder of this user's alone; remove it, or name another in ${FOLDER_VARIABLE}`,
  );
}

/** Answers whoever asks for the state of this process. */
export class StatusSocket {
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, server: Server) {
    this.#path = path;
    this.#server = server;
  }

  /**
   * @param take - takes a snapshot
   * @returns the open socket; it does not keep the process running
   * @throws CommandError when it cannot be made
   */
  static async open(take: () => Snapshot): Promise<StatusSocket> {
    const folder = statusFolder();
    if (!isOurFolder(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${process.pid}.sock`);
    rmSync(path, { force: true });
    const server = createServer();
    const status = new StatusSocket(path, server);
    server.on('connection', (socket) => {
      status.#serve(socket, take);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(new CommandError(`cannot be asked for its state at ${path}: ${error.message}`));
      });
      server.listen(path, () => {
        chmodSync(path, 0o600);
        resolve();
      });
    });
    server.unref();
    return status;
  }

  #serve(socket: Socket, take: () => Snapshot): void {
    this.#sockets.add(socket);
    socket.unref();
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      // Whoever does not read is not answered again until it has.
      if (chunk.includes(0x0a) && socket.writableLength === 0) socket.write(`${JSON.stringify(take())}\n`);
    });
  }

  /** Answers nobody from now on. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    rmSync(this.#path, { force: true });
    try {
      rmdirSync(statusFolder());
    } catch {
      // Others of the user's still have theirs in it.
    }
  }
}

/** @returns numbers of this user's processes that can be asked, the newest last; what died without a word is cleared away */
export function runningProcesses(): number[] {
  const folder = statusFolder();
  if (!isOurFolder(folder)) return [];
  const numbers: number[] = [];
  for (const name of readdirSync(folder)) {
    const pid = Number(/^(\d+)\.sock$/.exec(name)?.[1] ?? 'NaN');
    if (Number.isNaN(pid)) continue;
    try {
      process.kill(pid, 0);
      numbers.push(pid);
    } catch {
      rmSync(join(folder, name), { force: true });
    }
  }
  return numbers.sort((one, other) => one - other);
}

/** A process that is asked again and again. */
export class StatusClient {
  readonly #socket: Socket;
  #text = '';
  #answer: ((line: string) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#text += text;
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        this.#answer?.(line);
      } else if (this.#text.length > LONGEST_ANSWER) socket.destroy(new Error('the answer has no end'));
    });
    const gone = (error?: Error): void => this.#fail?.(error ?? new Error('it has ended'));
    socket.on('error', gone);
    socket.on('close', () => {
      gone();
    });
  }

  /**
   * @param pid - a process's number
   * @returns a connection to it
   * @throws CommandError when it cannot be asked
   */
  static open(pid: number): Promise<StatusClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(join(statusFolder(), `${pid}.sock`));
      socket.once('connect', () => {
        resolve(new StatusClient(socket));
      });
      socket.once('error', (error) => {
        reject(new CommandError(`process ${pid} cannot be asked: ${error.message}`));
      });
    });
  }

  /**
   * @returns what there is to see now; `undefined` when the process has ended
   * @throws CommandError when it answers with something else
   */
  async ask(): Promise<Snapshot | undefined> {
    const line = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => {
        resolve(undefined);
      }, PATIENCE);
      const done = (text: string | undefined): void => {
        clearTimeout(timer);
        resolve(text);
      };
      this.#answer = done;
      this.#fail = () => {
        done(undefined);
      };
      this.#socket.write('\n');
    });
    if (line === undefined) return undefined;
    try {
      return JSON.parse(line) as Snapshot;
    } catch {
      throw new CommandError('the process answers with something that is no snapshot');
    }
  }

  /** Asks no more. */
  close(): void {
    this.#socket.destroy();
  }
}
