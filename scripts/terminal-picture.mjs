#!/usr/bin/env node
// node scripts/terminal-picture.mjs CLIP OUTPUT.svg
// Takes the README's picture from the real program: runs an encode in tmux, waits until it is
// halfway, and draws what the terminal shows as SVG. Needs tmux and a built clone.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from './root.mjs';

const [clip, output] = process.argv.slice(2);
if (!clip || !output) {
    process.stderr.write('usage: node scripts/terminal-picture.mjs CLIP OUTPUT.svg\n');
    process.exit(2);
}

const COLUMNS = 84;
const ROWS = 20;
const COLOURS = ['#3b4252', '#bf616a', '#a3be8c', '#ebcb8b', '#81a1c1', '#b48ead', '#88c0d0'];
const FOREGROUND = '#e5e9f0';
const BACKGROUND = '#20242c';
const CELL = { width: 9, height: 19 };
const MARGIN = 16;

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
    copyFileSync(clip, join(folder, 'car.mp4'));
    symlinkSync(join(ROOT, 'bin', 'kvz-cloud.js'), join(folder, 'kvz-cloud'));
    const shell = [
        ...[
            'env',
            '-u',
            'CI',
            'LC_ALL=C.UTF-8',
            `KVZ_CLOUD_HOME=${folder}/home`,
            `KVZ_CLOUD_SERVER=${url}`,
        ],
        ...[`PATH=${folder}:${process.env.PATH}`, 'PS1=$ ', 'bash', '--norc'],
    ];
    tmux('new-session', '-d', '-s', session, '-x', COLUMNS, '-y', ROWS, '-c', folder, ...shell);
    try {
        while (!tmux('capture-pane', '-p', '-t', session).startsWith('$')) await delay(50);
        tmux('send-keys', '-t', session, 'kvz-cloud encode car.mp4 --preset slow', 'Enter');
        for (;;) {
            const screen = tmux('capture-pane', '-p', '-e', '-t', session);
            if (/ (5|6|7)\d %/.test(screen) && /left/.test(screen)) return screen;
            if (/in all|failed|kvz-cloud:/.test(screen)) throw new Error(screen);
            await delay(100);
        }
    } finally {
        tmux('send-keys', '-t', session, 'C-c');
        tmux('kill-session', '-t', session);
        const env = {
            ...process.env,
            KVZ_CLOUD_HOME: join(folder, 'home'),
            KVZ_CLOUD_SERVER: url,
        };
        execFileSync(join(folder, 'kvz-cloud'), ['daemon', 'stop'], { env, stdio: 'ignore' });
        rmSync(folder, { recursive: true, force: true });
    }
}

const escape = (text) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One line with its SGR sequences as the spans of an SVG text; the style goes on to the next. */
function drawLine(line, row, style) {
    const spans = [];
    let column = 0;
    for (const part of line.split(SGR)) {
        const codes = part.startsWith(ESCAPE) ? part.slice(2, -1) : undefined;
        if (codes !== undefined) {
            for (const code of (codes || '0').split(';').map(Number)) {
                if (code === 0)
                    Object.assign(style, { bold: false, dim: false, colour: undefined });
                if (code === 1) style.bold = true;
                if (code === 2) style.dim = true;
                if (code === 22) Object.assign(style, { bold: false, dim: false });
                if (code >= 30 && code <= 36) style.colour = COLOURS[code - 30];
                if (code === 39) style.colour = undefined;
            }
        } else if (part !== '') {
            const x = MARGIN + column * CELL.width;
            const length = [...part].length;
            const attributes = [
                `x="${x}"`,
                `textLength="${length * CELL.width}"`,
                `fill="${style.colour ?? FOREGROUND}"`,
                ...(style.bold ? ['font-weight="bold"'] : []),
                ...(style.dim ? ['opacity="0.55"'] : []),
            ];
            spans.push(`<tspan ${attributes.join(' ')}>${escape(part)}</tspan>`);
            column += length;
        }
    }
    const y = MARGIN + (row + 0.8) * CELL.height;
    return spans.length > 0 ? `<text y="${y}" xml:space="preserve">${spans.join('')}</text>` : '';
}

const lines = (await capture()).trimEnd().split('\n');
const width = 2 * MARGIN + COLUMNS * CELL.width;
const height = 2 * MARGIN + lines.length * CELL.height;
const style = { bold: false, dim: false, colour: undefined };
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
