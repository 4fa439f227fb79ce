/** Tables of docs/PROTOCOL.md that come from the catalogues of the code. */
import { readFileSync } from 'node:fs';
import { CLOSE } from '../../src/daemon/socket/sender.js';
import { ENCODE_ERROR_CODES, TRANSIENT_CODES } from '../../src/encoder/errors.js';
import { ERRORS, type ErrorCode } from '../../src/protocol/errors.js';
import { DAEMON_FAILURES } from '../../src/protocol/job-failures.js';
import { canTransition, JOB_STATES, type JobState } from '../../src/protocol/job-state.js';
import { FILE_VECTORS, PROOF_VECTOR } from './vectors.js';

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
    const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string | number): string => `\`${text}\``;

/** The codes that an address of the HTTP side answers with. */
const HTTP_CODES = {
    uploadGet: [
        'UPLOAD_BAD_CHUNK',
        'NOT_AUTHORISED',
        'FORBIDDEN_HOST',
        'UNKNOWN_UPLOAD',
        'INTERNAL',
    ],
    uploadPost: [
        'UPLOAD_BAD_CHUNK',
        'NOT_AUTHORISED',
        'FORBIDDEN_HOST',
        'UNKNOWN_UPLOAD',
        'UPLOAD_BAD_TYPE',
        'LOCAL_SOURCE_REFUSED',
        'INTERNAL',
        'UPLOAD_CORRUPT',
        'UPLOAD_INTERRUPTED',
        'NO_SPACE',
    ],
    result: [
        'NOT_AUTHORISED',
        'FORBIDDEN_HOST',
        'DOWNLOAD_LIMIT',
        'UNKNOWN_JOB',
        'RESULT_GONE',
        'CHANGED',
        'BAD_RANGE',
        'DOWNLOAD_BUSY',
        'INTERNAL',
    ],
} as const satisfies Record<string, readonly ErrorCode[]>;

export function httpErrors(address: keyof typeof HTTP_CODES): string {
    return table(
        ['Status', 'Code', 'Meaning'],
        HTTP_CODES[address].map((name) => [ERRORS[name].status, code(name), ERRORS[name].meaning]),
    );
}

export function errorTable(): string {
    return table(
        ['Code', 'HTTP status', 'Exit status', 'Meaning'],
        Object.entries(ERRORS).map(([name, { status, exit, meaning }]) => [
            code(name),
            status,
            exit,
            meaning,
        ]),
    );
}

export function failureTable(): string {
    const all: Record<string, string> = { ...ENCODE_ERROR_CODES, ...DAEMON_FAILURES };
    const transient: ReadonlySet<string> = TRANSIENT_CODES;
    return table(
        ['Code', 'Meaning', 'May pass by itself'],
        Object.entries(all).map(([name, meaning]) => [
            code(name),
            meaning,
            transient.has(name) ? 'yes' : '',
        ]),
    );
}

const CLOSE_MEANINGS: Record<keyof typeof CLOSE, string> = {
    badHandshake:
        'no `init`, one too late, or one that is refused; an `error` before it says why, its code is the reason',
    tooSlow:
        'events pile up because the client does not read; it connects again and resumes (a client that reads nothing may see 1006)',
    shuttingDown: 'the daemon stops; it takes up its work again when it is started',
    tokenEnded: 'the token was revoked or has expired',
};

export function closeTable(): string {
    const rows = (Object.keys(CLOSE) as (keyof typeof CLOSE)[]).map((name): [number, string] => [
        CLOSE[name],
        CLOSE_MEANINGS[name],
    ]);
    return table(['Close code', 'Meaning'], [...rows, [1009, 'a message is over the limit']]);
}

const STATE_MEANINGS: Record<JobState, string> = {
    uploading: 'approved; the file is not here completely',
    queued: 'waits for a worker',
    probing: 'a worker looks at what the file holds',
    encoding: 'kvazaar encodes the video and the logo after it',
    packaging: 'the result goes into its container and is checked',
    ready: 'the result can be downloaded',
    failed: 'ended; `failure` says why',
    cancelled: 'ended by the user',
    expired: 'ended because the upload went silent, or the result is no longer kept',
};

export function stateTable(): string {
    return table(
        ['State', 'Meaning', 'Goes on to'],
        JOB_STATES.map((state) => [
            code(state),
            STATE_MEANINGS[state],
            JOB_STATES.filter((to) => canTransition(state, to))
                .map(code)
                .join(', '),
        ]),
    );
}

/** The drawing at the head of src/protocol/job-state.ts. */
export function stateDiagram(): string {
    const source = readFileSync(
        new URL('../../src/protocol/job-state.ts', import.meta.url),
        'utf8',
    );
    const comment = source.slice(0, source.indexOf('*/')).split('\n');
    const drawing = comment.flatMap((line) => /^ \* {5}(.*)$/.exec(line)?.[1] ?? []);
    if (drawing.length === 0) throw new Error('job-state.ts has no drawing at its head');
    return ['```text', ...drawing, '```'].join('\n');
}

export function fileVectorTable(): string {
    return table(
        ['Size', 'Bytes', 'Leaves', 'File id'],
        FILE_VECTORS.map(({ title, size, leaves, id }) => [title, size, leaves, code(id)]),
    );
}

export function proofVectorTable(): string {
    return table(
        ['What', 'Value'],
        [
            ['size of the file', PROOF_VECTOR.size],
            ['nonce', code(PROOF_VECTOR.nonce)],
            ['leaves', code(JSON.stringify(PROOF_VECTOR.leaves))],
            ['proof', code(PROOF_VECTOR.proof)],
        ],
    );
}
