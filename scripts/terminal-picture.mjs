#!/usr/bin/env node
// node scripts/terminal-picture.mjs encode|top CLIP OUTPUT.svg
// Takes the README's pictures from the real program: runs it in tmux, waits until there is much to
// see, and draws what the terminal shows as SVG. Needs tmux and a built clone.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from './root.mjs';

/** What is run before, and then in the terminal, until the screen fits. */
const SCENES = {
    encode: {
        rows: 20,
        before: [],
        command: 'encode car.mp4 --preset slow',
        fits: (screen) => / (5|6|7)\d %/.test(screen) && /left/.test(screen),
    },
    top: {
        rows: 13,
        before: [
            ['daemon', 'start', '--workers', '2'],
            ...[
                ['crossing.mp4', 'ultrafast'],
                ['parking.mp4', 'medium'],
                ['highway.mp4', 'fast'],
                ['market.mp4', 'slow'],
                ['station.mp4', 'slower'],
            ].map(([file, preset]) => ['encode', file, '--preset', preset, '--detach']),
        ],
        command: 'top',
        fits: (screen) => (screen.match(/ \d\d %/g) ?? []).length >= 2 && /ready/.test(screen),
    },
};

const [name, clip, output] = process.argv.slice(2);
const scene = SCENES[name ?? ''];
if (!scene || !clip || !output) {
    process.stderr.write('usage: node scripts/terminal-picture.mjs encode|top CLIP OUTPUT.svg\n');
    process.exit(2);
}

const COLUMNS = 84;
const COLOURS = ['#3b4252', '#bf616a', '#a3be8c', '#ebcb8b', '#81a1c1', '#b48ead', '#88c0d0'];
const FOREGROUND = '#e5e9f0';
const BACKGROUND = '#20242c';
const CELL = { width: 9, height: 19 };
const MARGIN = 16;
const PLAIN = { bold: false, dim: false, inverse: false, colour: undefined };

const ESCAPE = '\u001b';
const SGR = new RegExp(`(${ESCAPE}\\[[\\d;]*m)`);

const tmux = (...args) => execFileSync('tmux', args, { encoding: 'utf8' });

async function freePort() {
    const server = createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address();
    await new Promise((done) => server.close(done));
    return port;
}

async function capture() {
    const url = `http://127.0.0.1:${await freePort()}`;
    const folder = mkdtempSync(join(tmpdir(), 'kvz-cloud-picture-'));
    const session = `picture-${process.pid}`;
    const inputs = scene.before.filter(([verb]) => verb === 'encode').map(([, input]) => input);
    for (const input of ['car.mp4', ...inputs]) copyFileSync(clip, join(folder, input));
    symlinkSync(join(ROOT, 'bin', 'kvz-cloud.js'), join(folder, 'kvz-cloud'));
    const variables = { KVZ_CLOUD_HOME: join(folder, 'home'), KVZ_CLOUD_SERVER: url };
    const env = { ...process.env, ...variables };
    const run = (...args) =>
        execFileSync(join(folder, 'kvz-cloud'), args, { env, cwd: folder, stdio: 'ignore' });
    const shell = [
        ...['env', '-u', 'CI', 'LC_ALL=C.UTF-8', `PATH=${folder}:${process.env.PATH}`, 'PS1=$ '],
        ...Object.entries(variables).map(([variable, value]) => `${variable}=${value}`),
        ...['bash', '--norc'],
    ];
    tmux(
        'new-session',
        '-d',
        '-s',
        session,
        '-x',
        COLUMNS,
        '-y',
        scene.rows,
        '-c',
        folder,
        ...shell,
    );
    try {
        while (!tmux('capture-pane', '-p', '-t', session).startsWith('$')) await delay(50);
        for (const args of scene.before) run(...args);
        tmux('send-keys', '-t', session, `kvz-cloud ${scene.command}`, 'Enter');
        for (;;) {
            const screen = tmux('capture-pane', '-p', '-e', '-t', session);
            if (scene.fits(screen)) return screen;
            if (/in all|failed|kvz-cloud:/.test(screen)) throw new Error(screen);
            await delay(100);
        }
    } finally {
        tmux('send-keys', '-t', session, 'C-c');
        tmux('kill-session', '-t', session);
        run('daemon', 'stop');
        rmSync(folder, { recursive: true, force: true });
    }
}

const escape = (text) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One line with its SGR sequences as the spans of an SVG text; the style goes on to the next. */
function drawLine(line, row, style) {
    const spans = [];
    const backgrounds = [];
    let column = 0;
    for (const part of line.split(SGR)) {
        const codes = part.startsWith(ESCAPE) ? part.slice(2, -1) : undefined;
        if (codes !== undefined) {
            for (const code of (codes || '0').split(';').map(Number)) {
                if (code === 0) Object.assign(style, PLAIN);
                if (code === 1) style.bold = true;
                if (code === 2) style.dim = true;
                if (code === 7) style.inverse = true;
                if (code === 27) style.inverse = false;
                if (code === 22) Object.assign(style, { bold: false, dim: false });
                if (code >= 30 && code <= 36) style.colour = COLOURS[code - 30];
                if (code === 39) style.colour = undefined;
            }
        } else if (part !== '') {
            const x = MARGIN + column * CELL.width;
            const length = [...part].length;
            const size = length * CELL.width;
            const colour = style.colour ?? FOREGROUND;
            if (style.inverse) {
                const y = MARGIN + row * CELL.height;
                backgrounds.push(
                    `<rect x="${x}" y="${y}" width="${size}" height="${CELL.height}" fill="${colour}"/>`,
                );
            }
            const attributes = [
                `x="${x}"`,
                `textLength="${size}"`,
                `fill="${style.inverse ? BACKGROUND : colour}"`,
                ...(style.bold ? ['font-weight="bold"'] : []),
                ...(style.dim ? ['opacity="0.55"'] : []),
            ];
            spans.push(`<tspan ${attributes.join(' ')}>${escape(part)}</tspan>`);
            column += length;
        }
    }
    const y = MARGIN + (row + 0.8) * CELL.height;
    if (spans.length === 0) return '';
    return `${backgrounds.join('')}<text y="${y}" xml:space="preserve">${spans.join('')}</text>`;
}

const lines = (await capture()).trimEnd().split('\n');
const width = 2 * MARGIN + COLUMNS * CELL.width;
const height = 2 * MARGIN + lines.length * CELL.height;
const style = { ...PLAIN };
const drawn = lines.map((line, row) => drawLine(line, row, style)).filter(Boolean);
writeFileSync(
    output,
    [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}">`,
        `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
        `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="15">`,
        ...drawn,
        '</g>',
        '</svg>',
        '',
    ].join('\n'),
);
