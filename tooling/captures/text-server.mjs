#!/usr/bin/env node
// The HTTP server of the recorded captures: GET /text/N answers with N bytes of generated text, the same on every run.
// Invariant: an answer names neither the machine, nor its software, nor the date.
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 80);
const largest = 64 * 1024 * 1024;

/**
 * Numbered lines of 64 bytes, so that a lost or repeated segment shows in the payload.
 * @param {number} bytes
 */
function text(bytes) {
  const lines = Array.from(
    { length: Math.ceil(bytes / 64) },
    (_, line) => `${String(line).padStart(8, '0')} every frame equal and in order, no frame lost or twice\n`,
  );
  return Buffer.from(lines.join(''), 'latin1').subarray(0, bytes);
}

const server = createServer((request, response) => {
  response.sendDate = false;
  const bytes = Number(/^\/text\/(\d{1,8})$/.exec(request.url ?? '')?.[1] ?? NaN);
  if (!(bytes <= largest)) {
    response.writeHead(404, { 'Content-Length': 0 }).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': bytes }).end(text(bytes));
});

server.listen(port, '::');
