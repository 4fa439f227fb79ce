/** Uploads through a network, and past servers in it, that fail in every way. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectDelivered } from './helpers/evidence.js';
import type { Fault, FaultKind, FaultPlan, PostedChunk } from './helpers/fault.js';
import { testRandom, type Random } from './helpers/random.js';
import { newScene, type Scene } from './helpers/scene.js';
import { writeSource, type Source } from './helpers/source.js';

const SIZE_MIB = 12;

/** One fault of a kind for one chunk, its details left to chance. */
function faultOf(kind: FaultKind, { bodyBytes, headBytes }: PostedChunk, random: Random): Fault {
    const within = random.below(bodyBytes);
    switch (kind) {
        case 'cut':
        case 'truncate':
            return { kind, afterBytes: within };
        case 'corrupt-body':
            return { kind, offset: within };
        case 'corrupt-head':
            return { kind, offset: random.below(headBytes), byte: random.below(256) };
        case 'duplicate': {
            const times = ['before', 'beside', 'after'] as const;
            return { kind, when: times[random.below(times.length)] ?? 'after' };
        }
        case 'delay':
            return { kind, delayMs: random.below(500) };
        case 'lose-answer':
            return { kind };
        case 'answer': {
            const statuses = [408, 429, 500, 502, 503, 504];
            return {
                kind,
                status: statuses[random.below(statuses.length)] ?? 503,
                retryAfter: ['0', '1', ''][random.below(3)] ?? '',
                early: random.below(2) === 0,
            };
        }
    }
}

/** More failures than this one after the other would only make the command wait longer. */
const MAX_FAULTS_IN_A_ROW = 2;

/** Faults of these kinds for every third chunk or so, the first and the last one included. */
function faulty(kinds: readonly FaultKind[], random: Random): FaultPlan {
    let inARow = 0;
    return (chunk) => {
        const kind = kinds[random.below(kinds.length)];
        const isOne = [0, SIZE_MIB].includes(chunk.index) || random.below(3) === 0;
        inARow = isOne ? inARow + 1 : 0;
        if (!kind || !isOne || inARow > MAX_FAULTS_IN_A_ROW) return undefined;
        return faultOf(kind, chunk, random);
    };
}

async function sceneOf(name: string): Promise<{ scene: Scene; source: Source; random: Random }> {
    const random = testRandom(name);
    const scene = await newScene();
    const source = writeSource(join(scene.home.outputs, 'clip.yuv'), SIZE_MIB, random);
    return { scene, source, random };
}

describe('a file arrives whole, once, in one go, though chunks', () => {
    const cases: [string, FaultKind[]][] = [
        ['are cut off with their connection', ['cut']],
        ['lose their end', ['truncate']],
        ['have wrong bits', ['corrupt-body']],
        ['come twice', ['duplicate']],
        ['are late', ['delay']],
        ['are stored and the answer is lost', ['lose-answer']],
        ['are answered by others who are busy', ['answer']],
        [
            'suffer all of that',
            ['cut', 'truncate', 'corrupt-body', 'duplicate', 'delay', 'lose-answer', 'answer'],
        ],
    ];
    it.each(cases)('%s', async (name, kinds) => {
        const { scene, source, random } = await sceneOf(name);
        scene.proxy.plan = faulty(kinds, random);
        const encode = scene.encode(source, '-o', 'clip.hevc');
        expect(await encode.ended).toMatchObject({ status: 0 });
        expect([...scene.proxy.faults.keys()].every((kind) => kinds.includes(kind))).toBe(true);
        expect(scene.proxy.faults.size).toBeGreaterThan(0);
        // A request that comes again is answered as it was the first time.
        expect(scene.proxy.replayAnswers.every((status) => status === 200)).toBe(true);
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    });
});

it('wrong bytes in the heads of requests end a command at worst, and harm no file', async () => {
    const { scene, source, random } = await sceneOf('corrupt-head');
    scene.proxy.plan = faulty(['corrupt-head'], random);
    let status: number | null = null;
    for (let runs = 1; status !== 0; runs += 1) {
        const encode = scene.encode(source, '-o', 'clip.hevc');
        ({ status } = await encode.ended);
        if (status === 0) break;
        // What the daemon makes of such a request is final, but the upload is still there.
        expect(encode.last('error')?.['message']).toMatch(/\S/);
        expect(runs).toBeLessThan(10);
    }
    expect(scene.proxy.faults.get('corrupt-head')).toBeGreaterThan(0);
    await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
});
