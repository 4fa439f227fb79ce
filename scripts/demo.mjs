#!/usr/bin/env node
// npm run demo [-- FILE]: sets up what is missing, then sends a clip through the real path, from
// the command over the daemon and back, in a folder of its own. Leaves no daemon running.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, extname, join, resolve } from 'node:path';
import { ROOT } from './root.mjs';
import { setUp } from './setup.mjs';

const folder = join(ROOT, '.demo');
const say = (text = '') => process.stdout.write(`${text}\n`);

const given = process.argv[2];
if (given !== undefined && !existsSync(given)) {
    process.stderr.write(`demo: there is no file ${given}\n`);
    process.exit(2);
}

setUp();
const { findPrograms } = await import('../dist/encoder/index.js');
const programs = findPrograms();

function run(command, args, options = {}) {
    return spawnSync(command, args, { encoding: 'utf8', ...options });
}

/** A clip with moving picture and sound, as any ffmpeg can make it. */
function makeClip(path) {
    const made = run(programs.ffmpeg, [
        ...['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'],
        ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', '8'],
        ...['-c:v', 'mpeg4', '-q:v', '3', '-c:a', 'aac', path],
    ]);
    if (made.status !== 0) {
        process.stderr.write(`demo: ffmpeg could not make a clip\n${made.stderr}`);
        process.exit(1);
    }
}

async function freePort() {
    const server = createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address();
    await new Promise((done) => server.close(done));
    return port;
}

// A daemon and settings of the demo's own: nothing of the user's is read or changed.
rmSync(join(folder, 'home'), { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const env = {
    ...process.env,
    KVZ_CLOUD_HOME: join(folder, 'home'),
    KVZ_CLOUD_SERVER: `http://127.0.0.1:${await freePort()}`,
};
delete env.KVZ_CLOUD_TOKEN;
const bin = join(ROOT, 'bin', 'kvz-cloud.js');
const kvzCloud = (args, options) =>
    run(process.execPath, [bin, ...args], { env, stdio: 'inherit', ...options });

const clip = given ? resolve(given) : join(folder, 'clip.mp4');
if (!given) makeClip(clip);
const output = join(folder, `${basename(clip, extname(clip))}.hevc.mkv`);

let status = 1;
try {
    say(`\n$ kvz-cloud encode ${clip} --preset veryfast -o ${output}\n`);
    status =
        kvzCloud(['encode', clip, '--preset', 'veryfast', '-o', output, '--force']).status ?? 1;
    if (status === 0) {
        const probed = run(programs.ffprobe, [
            ...['-v', 'error', '-of', 'default=nw=1', '-count_packets', '-show_entries'],
            'stream=codec_name,width,height,avg_frame_rate,nb_read_packets:format=duration',
            output,
        ]);
        say(`\nffprobe says of ${output} (${statSync(output).size} bytes):\n`);
        say(probed.stdout.trim());
        say(`\nWatch it: ffplay ${output}`);
    }
} finally {
    kvzCloud(['daemon', 'stop'], { stdio: 'ignore' });
    rmSync(join(folder, 'home'), { recursive: true, force: true });
}
process.exit(status);
