/** Signals to a daemon as a process. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gatedKvazaar } from '../helpers/gated-kvazaar.js';
import { naming } from '../helpers/programs.js';
import { evidenceOf } from './helpers/evidence.js';
import { testRandom } from './helpers/random.js';
import { newScene } from './helpers/scene.js';
import { writeSource } from './helpers/source.js';

it('a second SIGTERM ends the daemon at once, and costs no job anything', async () => {
    // Long enough that only the second signal can end the wait.
    const { path, open } = gatedKvazaar();
    const env = { KVZ_CLOUD_KVAZAAR: path };
    const scene = await newScene({ settings: { stopGrace: '1h' }, env });
    const { home, daemon } = scene;
    const source = writeSource(join(home.outputs, 'clip.yuv'), 3, testRandom('stopped'));
    const encode = scene.encode(source, '-o', 'clip.hevc');
    await encode.event('job', ({ state }) => state === 'encoding');
    daemon.signal('SIGTERM');
    await encode.line((line) => line.includes('stopping'));
    expect(await daemon.stop()).toBe(1);
    expect(evidenceOf(scene).jobs).toMatchObject([{ state: 'queued', crashes: 0 }]);
    expect(naming(daemon.dataDir)).toEqual([]);

    open();
    await daemon.start();
    expect(await encode.ended).toMatchObject({ status: 0 });
});
