// Owns: a server of one large file that nobody stores: its bytes come from a counter, and so does their hash.
// Usage: node file-server.js PORT BYTES; it prints `listening HASH` when it listens.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';

const [port = 0, bytes = 0] = process.argv.slice(2).map(Number);
const CHUNK = 65_536;

/**
 * @yields {Buffer} a piece of the file
 * @returns {Generator<Buffer>} all of it
 */
function* contents() {
  let state = 1;
  for (let done = 0; done < bytes; done += CHUNK) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, bytes - done));
    // A full period of a linear congruential generator: no piece of the file is like another.
    for (let at = 0; at + 4 <= chunk.length; at += 4) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      chunk.writeInt32LE(state, at);
    }
    yield chunk;
  }
}

const hash = createHash('sha256');
for (const chunk of contents()) hash.update(chunk);
createServer((_request, response) => {
  response.writeHead(200, { 'content-length': bytes });
  Readable.from(contents()).pipe(response);
}).listen(port, () => console.log(`listening ${hash.digest('hex')}`));
