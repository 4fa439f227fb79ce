#!/usr/bin/env node
// npm run bench:encode: `encode` over a warm daemon against the bare pipeline, in turn.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findPrograms } from '../dist/encoder/programs.js';
import { EncodingKvz } from './encoding-kvz.mjs';
import { etaAccuracy, LEAST_LEFT_SECONDS } from './eta.mjs';
import { scratchFolder } from './files.mjs';
import { runProgram } from './process.mjs';
import { loadNow, report, table } from './report.mjs';
import { encodeSeconds, rounds, scratchParent } from './settings.mjs';
import { median, spread } from './stats.mjs';

const GOALS = { one: 1.02, five: 1.0 };
/** Frames per second that this size is coded at on two cores, at most: sets how long a clip is. */
const SPEED = { ultrafast: 140, medium: 42 };
const WARM_UP_TURNS = 3;
const SIZE = { width: 768, height: 432, fps: 25 };

const programs = findPrograms();
const loadBefore = loadNow();
const count = rounds();
const scratch = scratchFolder(scratchParent());
const say = (text) => process.stderr.write(`${text}\n`);

/** A clip that takes about `encodeSeconds()` to code: moving shapes under grain, H.264 and AAC. */
async function makeClip(name, frames) {
    const path = join(scratch, `${name}.mp4`);
    const { width, height, fps } = SIZE;
    await runProgram(programs.ffmpeg, [
        ...['-v', 'error', '-f', 'lavfi'],
        ...['-i', `testsrc2=size=${width}x${height}:rate=${fps},noise=alls=6:allf=t`],
        ...['-f', 'lavfi', '-i', 'anoisesrc=color=pink:seed=1:sample_rate=48000'],
        ...['-t', String(frames / fps), '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20'],
        ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '128k', path],
    ]);
    return path;
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const shell = (line) => runProgram('sh', ['-c', line], { cwd: scratch });

const DECODE = '-pix_fmt yuv420p -f rawvideo';
const kvazaar = (preset) =>
    `${quote(programs.kvazaar)} --preset ${preset} --input-res ${SIZE.width}x${SIZE.height} ` +
    `--input-fps ${SIZE.fps}`;

/** ffmpeg and kvazaar with a pipe between them, and nothing else. */
const bareLine = (clip, preset, output) =>
    `${quote(programs.ffmpeg)} -v error -nostdin -i ${quote(clip)} ${DECODE} - | ` +
    `${kvazaar(preset)} -i - -o ${quote(output)} 2>/dev/null`;

async function bare(clip, preset) {
    const output = join(scratch, 'bare.hevc');
    const times = await shell(bareLine(clip, preset, output));
    rmSync(output);
    return times;
}

/** The steps one after the other, each with its file: decode, append the logo, encode, mux. */
async function stepByStep(clip, preset) {
    const folder = join(scratch, 'steps');
    mkdirSync(folder);
    const [video, logo, stream] = ['video.yuv', 'logo.yuv', 'video.hevc'].map((name) =>
        join(folder, name),
    );
    const { ffmpeg, mkvmerge } = programs;
    const { width, height, fps } = SIZE;
    const lines = [
        `${quote(ffmpeg)} -v error -nostdin -i ${quote(clip)} ${DECODE} ${quote(video)}`,
        `${quote(ffmpeg)} -v error -nostdin -i ${quote(clip)} -vn -c copy ${quote(join(folder, 'audio.mka'))}`,
        `${quote(ffmpeg)} -v error -nostdin -f lavfi -i color=black:size=${width}x${height}:rate=${fps} ` +
            `-t 1 ${DECODE} ${quote(logo)}`,
        `cat ${quote(logo)} >> ${quote(video)}`,
        `${kvazaar(preset)} -i ${quote(video)} -o ${quote(stream)} 2>/dev/null`,
        `${quote(mkvmerge)} -q -o ${quote(join(folder, 'result.mkv'))} ` +
            `--default-duration 0:${fps}p ${quote(stream)} ${quote(join(folder, 'audio.mka'))}`,
    ];
    const times = { seconds: 0, cpuSeconds: 0 };
    for (const line of lines) {
        const { seconds, cpuSeconds } = await shell(line);
        times.seconds += seconds;
        times.cpuSeconds += cpuSeconds;
    }
    const bytes = readdirSync(folder).reduce(
        (sum, name) => sum + statSync(join(folder, name)).size,
        0,
    );
    rmSync(folder, { recursive: true });
    return { ...times, scratchBytes: bytes };
}

async function fiveBare(clip, preset) {
    const lines = [1, 2, 3, 4, 5].map((n) =>
        bareLine(clip, preset, join(scratch, `five${n}.hevc`)),
    );
    const times = await runProgram('sh', [
        '-c',
        `printf '%s\\0' ${lines.map(quote).join(' ')} | xargs -0 -P5 -I{} sh -c {}`,
    ]);
    for (const n of [1, 2, 3, 4, 5]) rmSync(join(scratch, `five${n}.hevc`));
    return times;
}

/**
 * Takes the contenders in turn, each of them first in every second round.
 * @returns their results by name
 */
async function compare(label, contenders) {
    const results = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
    for (let round = 1; round <= count; round++) {
        const turns = Object.entries(contenders);
        for (const [name, contender] of round % 2 === 1 ? turns : turns.toReversed()) {
            const result = await contender();
            results[name].push(result);
            say(`${label}, round ${round}, ${name}: ${result.seconds.toFixed(2)} s`);
        }
    }
    return results;
}

const ratios = (ours, theirs, key) => ours.map((result, round) => result[key] / theirs[round][key]);
const values = (results, key) => results.map((result) => result[key]);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

const kvz = await EncodingKvz.start(join(scratch, 'home'));
const rows = [
    [
        ...['work', 'kvz-cloud, s', 'peer, s', 'ratio', 'goal'],
        ...['kvz-cloud, CPU s', 'peer, CPU s', 'ratio of CPU'],
    ],
];
const partRows = [
    [
        'work',
        ...['programs, CPU s', 'peer’s programs, CPU s', 'command, CPU s', 'daemon, CPU s'],
        'daemon per second of work',
    ],
];
const etaRows = [['preset', 'within 20 % of the truth', 'goal', 'median error']];

function addRow(work, goal, { ours, theirs }) {
    rows.push([
        work,
        spread(values(ours, 'seconds')),
        spread(values(theirs, 'seconds')),
        spread(ratios(ours, theirs, 'seconds'), 3),
        goal,
        spread(values(ours, 'cpuSeconds')),
        spread(values(theirs, 'cpuSeconds')),
        spread(ratios(ours, theirs, 'cpuSeconds'), 3),
    ]);
    const own = ours.map(({ daemonCpuSeconds, seconds }) => (1000 * daemonCpuSeconds) / seconds);
    partRows.push([
        work,
        spread(values(ours, 'programsCpuSeconds')),
        spread(values(theirs, 'cpuSeconds')),
        spread(values(ours, 'commandCpuSeconds')),
        spread(values(ours, 'daemonCpuSeconds')),
        `${median(own).toFixed(1)} ms`,
    ]);
}

function addEta(preset, ours) {
    const found = ours.map(({ lines }) => etaAccuracy(lines));
    const percent = (key) => found.map((each) => 100 * each[key]);
    etaRows.push([
        preset,
        `${spread(percent('share'), 0)} % of the time`,
        'all of it',
        `${spread(percent('medianError'), 0)} %`,
    ]);
}

try {
    // The daemon is to be one that has worked before.
    const short = await makeClip('short', SIZE.fps);
    for (let turn = 0; turn < WARM_UP_TURNS; turn++) {
        await kvz.encode([short], ['--preset', 'ultrafast']);
    }
    for (const preset of ['ultrafast', 'medium']) {
        const clip = await makeClip(preset, SPEED[preset] * encodeSeconds());
        const bareOptions = ['--preset', preset, '--container', 'hevc', '--no-logo'];
        const pairs = await compare(preset, {
            ours: () => kvz.encode([clip], bareOptions),
            theirs: () => bare(clip, preset),
        });
        addRow(
            `one encode, ${preset}, against \`ffmpeg \\| kvazaar\``,
            `at most ${GOALS.one}`,
            pairs,
        );
        addEta(preset, pairs.ours);
    }
    const whole = join(scratch, 'ultrafast.mp4');
    const steps = await compare('step by step', {
        ours: () =>
            kvz.encode([whole], ['--preset', 'ultrafast', '--container', 'mkv'], {
                looksAtScratch: true,
            }),
        theirs: () => stepByStep(whole, 'ultrafast'),
    });
    addRow(
        'one encode with logo and container, ultrafast, against its steps one after the other',
        'below 1',
        steps,
    );
    const part = await makeClip('part', (SPEED.ultrafast * encodeSeconds()) / 2);
    addRow(
        'five encodes at once, ultrafast, against `xargs -P5` of the bare pipeline',
        `at most ${GOALS.five.toFixed(2)}`,
        await compare('five at once', {
            ours: () =>
                kvz.encode(
                    [1, 2, 3, 4, 5].map((n) => kvz.variant(part, n)),
                    ['--preset', 'ultrafast', '--container', 'hevc', '--no-logo'],
                ),
            theirs: () => fiveBare(part, 'ultrafast'),
        }),
    );
    report({
        name: 'encode',
        title: 'Encode',
        command: 'npm run bench:encode',
        loadBefore,
        body: [
            `Clips of ${SIZE.width}x${SIZE.height} that take at least ${encodeSeconds()} s to code, ` +
                `half as long where five are coded at once; ` +
                `${count} rounds, contenders in turn; median (smallest–largest). The time of ` +
                `kvz-cloud is that of the command with a daemon that runs already: hash, upload, ` +
                `encode, verification, download. CPU is user and system time of everything: command, ` +
                `daemon and all programs; on a busy machine it says more than the wall clock.`,
            table(rows),
            `Where the processor time goes. What the programs take beyond the peer’s is probing, ` +
                `listing the source’s packets for the time left, and verification, and in the ` +
                `third row the closing logo.`,
            table(partRows),
            `The time left that \`--json\` tells of the single encodes, after the first tenth of ` +
                `each and until ${LEAST_LEFT_SECONDS} s before its end.`,
            table(etaRows),
            `Most scratch space of one encode: kvz-cloud ` +
                `${megabytes(Math.max(...values(steps.ours, 'scratchBytes')))} (0 bytes of raw video), ` +
                `step by step ${megabytes(Math.max(...values(steps.theirs, 'scratchBytes')))}.`,
        ].join('\n\n'),
    });
} finally {
    await kvz.stop();
}
