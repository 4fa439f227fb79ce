// A tus server as its documents show it: @tus/server with @tus/file-store. Prints its address.
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [directory] = process.argv.slice(2);
const tus = new Server({ path: '/files', datastore: new FileStore({ directory }) });
const http = tus.listen({ host: '127.0.0.1', port: 0 }, () => {
    process.stdout.write(`http://127.0.0.1:${http.address().port}/files\n`);
});
process.on('SIGTERM', () => process.exit(0));
