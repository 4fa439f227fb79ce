// Prints what a benchmark found and keeps it in docs/BENCHMARKS.md, each in a section of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const PATH = fileURLToPath(new URL('../docs/BENCHMARKS.md', import.meta.url));

/** A Markdown table. @param {readonly (readonly string[])[]} rows the first one is the heading */
export function table([heading, ...rows]) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The load that others put on the machine; call it before the benchmark adds its own. */
export const loadNow = () => loadavg()[0];

/** What the figures were taken on and when; nothing that names the machine. */
function surroundings(command, loadBefore) {
    const model = cpus()[0]?.model.trim() ?? 'unknown processor';
    const memoryGib = Math.round(totalmem() / 2 ** 30);
    return [
        `${new Date().toISOString().slice(0, 10)}, \`${command}\``,
        `${availableParallelism()} cores (${model}), ${memoryGib} GiB of memory, ` +
            `${platform()} ${release()}, Node ${process.versions.node}; ` +
            `load average of the last minute before the run: ${loadBefore.toFixed(2)}`,
    ].join('  \n');
}

/** Replaces what is between the marks of `name` in a page, or adds it at the end. */
export function replaceSection(path, name, body) {
    const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
    const text = `${begin}\n\n${body}\n\n${end}`;
    const page = readFileSync(path, 'utf8');
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    const isThere = from >= 0 && to > from;
    const next = isThere
        ? page.slice(0, from) + text + page.slice(to + end.length)
        : `${page.trimEnd()}\n\n${text}\n`;
    writeFileSync(path, next);
}

/**
 * Keeps what a benchmark found.
 * @param {{name: string, title: string, command: string, loadBefore: number, body: string}} section
 */
export function report({ name, title, command, loadBefore, body }) {
    replaceSection(PATH, name, `## ${title}\n\n${surroundings(command, loadBefore)}\n\n${body}`);
    process.stdout.write(`\n${title}\n\n${body}\n`);
}
