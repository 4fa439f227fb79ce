/** Which part of a file a request wants: Range and conditions of RFC 9110, for a strong ETag. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ByteRange } from '../../protocol/ranges.js';

export type Selection =
    | { status: 200 | 206; range: ByteRange }
    /** Nothing is sent: the client has it, what it names is gone, or there is no such part. */
    | { status: 304 | 412 | 416 };

const tags = (header: string): string[] => header.split(',').map((tag) => tag.trim());

/** RFC 9110, 13.1.2: If-None-Match compares weakly. */
function isListed(header: string, etag: string): boolean {
    return header.trim() === '*' || tags(header).some((tag) => tag.replace(/^W\//, '') === etag);
}

/**
 * The one range that a header names, [from, to); undefined for a header that is passed over: an
 * unknown unit, nonsense, or several ranges (RFC 9110, 14.2 lets a server send all of it then).
 */
function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
    const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header);
    if (!match) return undefined;
    const [, first = '', last = ''] = match;
    if (first === '' && last === '') return undefined;
    if (first === '') {
        const length = Math.min(Number(last), size);
        return length === 0 ? 'unsatisfiable' : [size - length, size];
    }
    if (last !== '' && Number(last) < Number(first)) return undefined;
    if (Number(first) >= size) return 'unsatisfiable';
    return [Number(first), last === '' ? size : Math.min(Number(last) + 1, size)];
}

/**
 * @param size of the whole file, bytes, at least 1
 * @param etag strong, in its quotes
 */
export function selectRange(headers: IncomingHttpHeaders, size: number, etag: string): Selection {
    const { range, 'if-range': ifRange } = headers;
    const ifMatch = headers['if-match'];
    const ifNoneMatch = headers['if-none-match'];
    if (ifMatch !== undefined && ifMatch.trim() !== '*' && !tags(ifMatch).includes(etag)) {
        return { status: 412 };
    }
    if (ifNoneMatch !== undefined && isListed(ifNoneMatch, etag)) return { status: 304 };
    const whole = { status: 200, range: [0, size] } as const;
    // A part of another version would spoil what the client has; a date proves nothing here.
    if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return whole;
    const wanted = parseRange(range, size);
    if (wanted === 'unsatisfiable') return { status: 416 };
    return wanted ? { status: 206, range: wanted } : whole;
}
