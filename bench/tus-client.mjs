// Uploads a file with tus-js-client; prints the seconds from start to success, as JSON.
import { createReadStream } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Upload } from 'tus-js-client';

const [endpoint, path, chunkBytes] = process.argv.slice(2);
const startedMs = performance.now();
const upload = new Upload(createReadStream(path), {
    endpoint,
    chunkSize: Number(chunkBytes),
    onError: (error) => {
        process.stderr.write(`${error.message}\n`);
        process.exit(1);
    },
    onSuccess: () => {
        const seconds = (performance.now() - startedMs) / 1000;
        process.stdout.write(`${JSON.stringify({ seconds, url: upload.url })}\n`);
    },
});
upload.start();
