/* A server in a worker of its own, as it is in earnest: real time, real waiting, peers that die. */

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { REGISTERS } from '@netcx/nic-82576/registers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VfioUserClient, type ServerCounters } from '../src/index.ts';
import { Driver } from './rig.ts';
import { frame, isSent, received, send, startRings } from './traffic.ts';

const { CTRL, STATUS } = REGISTERS;
const program = (name: string): string => new URL(`./programs/${name}`, import.meta.url).href;

let folder: string;
let socket: string;
let worker: Worker;
let heard: unknown[];
let gone: boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-vfio-user-'));
  socket = join(folder, 'nic.sock');
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const start = `import(${loader}).then(({ register }) => { register(); return import(${JSON.stringify(program('server.ts'))}); })`;
  worker = new Worker(start, { eval: true, workerData: { socket }, execArgv: ['--conditions=@netcx/source'] });
  heard = [];
  gone = false;
  worker.on('exit', () => (gone = true));
  worker.on('message', (message) => heard.push(message));
  await until(() => heard.includes('listening'));
});
afterEach(async () => {
  worker.postMessage('close');
  await until(() => gone);
  rmSync(folder, { recursive: true });
});

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 120_000; !holds();) {
    await sleep(5);
    if (performance.now() > end) throw new Error(`it did not come to that; heard: ${JSON.stringify(heard)}`);
  }
}

/** A driver whose link is up. */
async function bringUp(client: VfioUserClient): Promise<Driver> {
  const driver = new Driver({ pass: () => undefined } as never, client);
  client.enable();
  driver.write(CTRL, driver.read(CTRL) | CTRL.SLU.mask);
  await until(() => (driver.read(STATUS) & STATUS.LU.mask) !== 0);
  return driver;
}

describe('a server in a worker', () => {
  it('brings the link up and moves frames in mapped memory, without being asked again', async () => {
    const client = new VfioUserClient({ socket });
    const driver = await bringUp(client);
    const memory = client.share(0x10_0000, 0x8000);
    startRings(driver, memory);
    for (let index = 0; index < 4; index++) {
      send(driver, memory, index, frame(200, index));
      await until(() => isSent(memory, index) && received(memory, index) !== undefined);
      expect(received(memory, index)).toEqual(frame(200, index));
    }
    client.close();
    await until(() => heard.includes('detached closed by the peer'));
  });

  it('moves frames in memory that it reaches by messages alone, while registers are read', async () => {
    const client = new VfioUserClient({ socket });
    const driver = await bringUp(client);
    const memory = client.keep(0x10_0000, 0x8000);
    startRings(driver, memory);
    for (let index = 0; index < 6; index++) {
      send(driver, memory, index, frame(300, index));
      await until(() => {
        driver.read(STATUS); // and what the server asks for is answered meanwhile
        return received(memory, index) !== undefined && isSent(memory, index);
      });
      expect(received(memory, index)).toEqual(frame(300, index));
    }
    worker.postMessage('counters');
    await until(() => heard.some((message) => typeof message === 'object'));
    const counters = heard.find((message) => typeof message === 'object') as ServerCounters;
    expect(counters).toMatchObject({ attached: 1, refused: 0, memoryFaults: 0, regions: 1 });
    expect(counters.memoryMessages).toBeGreaterThan(6 * 5);
    client.close();
  });

  it('gives up a peer that does not answer, after five seconds, and goes on with the next', async () => {
    const client = new VfioUserClient({ socket });
    const driver = await bringUp(client);
    const memory = client.keep(0x10_0000, 0x8000);
    startRings(driver, memory);
    driver.read(STATUS);
    send(driver, memory, 0, frame(60));
    await until(() => heard.includes('detached no answer to DMA_READ within 5000 ms'));
    expect(new VfioUserClient({ socket }).read32(7, 0)).toBe(0x10c9_8086);
    client.close();
  });

  it('cleans up after a peer that is killed in the middle of a message', async () => {
    const here = fileURLToPath(new URL('..', import.meta.url));
    const options = ['--conditions=@netcx/source', '--import', 'tsx', fileURLToPath(program('dying-peer.ts')), socket];
    const peer = spawn(process.execPath, options, { cwd: here, stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => peer.stdout.once('data', resolve));
    peer.kill('SIGKILL');
    await until(() => heard.includes('detached closed by the peer'));
    const client = new VfioUserClient({ socket });
    const driver = await bringUp(client);
    const memory = client.share(0x10_0000, 0x8000);
    startRings(driver, memory);
    send(driver, memory, 0, frame(60));
    await until(() => received(memory, 0) !== undefined);
    client.close();
  });

  it('does next to nothing while nothing is to be done', async () => {
    const client = new VfioUserClient({ socket });
    await bringUp(client);
    /** Milliseconds of processor time that the server's thread has used: other tests run in other threads. */
    const used = async (): Promise<number> => {
      heard = heard.filter((message) => typeof message !== 'number');
      worker.postMessage('used');
      await until(() => heard.some((message) => typeof message === 'number'));
      return heard.find((message) => typeof message === 'number')!;
    };
    await sleep(100);
    const before = await used();
    await sleep(500);
    expect((await used()) - before).toBeLessThan(250); // of 500
    client.close();
  });

  it('that falls over leaves its process standing, and its socket to the next one', async () => {
    const client = new VfioUserClient({ socket });
    client.share(0x10_0000, 0x8000);
    const fell = new Promise((resolve) => worker.once('error', resolve));
    worker.postMessage('fall');
    expect(await fell).toEqual(new Error('a fault, on purpose'));
    await until(() => gone);
    expect(existsSync(socket)).toBe(false);
    expect(() => client.read32(7, 0)).toThrow('the server is gone');
    client.close();
  });

  it('ends when it is told to', async () => {
    const client = new VfioUserClient({ socket });
    worker.postMessage('close');
    await until(() => gone);
    expect(() => client.read32(7, 0)).toThrow('the server is gone');
    client.close();
  });
});

it('says on a system that is not Linux that it needs one', async () => {
  const module = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);
  const code = `
    const { VfioUserServer } = await import(${module});
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    try { new VfioUserServer({ socket: '/tmp/x', endpoint: {} }); } catch (error) { console.log(error.message); }`;
  const options = [
    '--conditions=@netcx/source',
    '--import',
    import.meta.resolve('tsx'),
    '--input-type=module',
    '-e',
    code,
  ];
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd, timeout: 120_000 });
  expect(stdout.trim()).toBe('NOT_LINUX: vfio-user needs Linux: it passes file descriptors; this is darwin');
});
