/** The events of a watch beside those of an encode, as schemas; see output/line-schemas.ts. */
import * as z from 'zod';
import { bytes } from '../../protocol/shapes.js';

const code = z.string().meta({ description: 'see the error codes in PROTOCOL.md' });
const message = z.string().meta({ description: 'one line for people; decide by `code`' });
const count = z.number().int().min(0);

export const watchEvents = {
    watching: z
        .object({
            event: z.literal('watching'),
            folder: z.string().meta({ description: 'absolute path of the watched folder' }),
            output: z.string().meta({ description: 'absolute path of the folder for results' }),
        })
        .meta({ description: 'The first line: the folder is watched from now on.' }),
    folder: z
        .object({
            event: z.literal('folder'),
            state: z.enum(['gone', 'back']).meta({ description: 'of the watched folder' }),
        })
        .meta({ description: 'The watched folder went away, or is there again.' }),
    known: z
        .object({
            event: z.literal('known'),
            fileId: z.string().meta({ description: 'the tree hash of the file' }),
            reason: z
                .enum(['done', 'failed', 'output'])
                .meta({ description: 'encoded before; failed before; a result of an encode' }),
            output: z.string().optional().meta({ description: 'the result of the earlier encode' }),
        })
        .meta({ description: 'Nothing is done with this file: its content is known.' }),
    left: z
        .object({
            event: z.literal('left'),
            reason: z.enum(['changing', 'open', 'empty', 'gone']).meta({
                description: 'being written; open for writing; without a byte; no longer there',
            }),
        })
        .meta({ description: 'This file is not taken as it is now.' }),
    retry: z
        .object({
            event: z.literal('retry'),
            code,
            message,
            attempt: count.meta({ description: 'attempts so far' }),
            inSeconds: z.number().min(0).meta({ description: 'until the next one' }),
        })
        .meta({ description: 'It went wrong in a way that may pass, and is tried again.' }),
    hold: z
        .object({
            event: z.literal('hold'),
            code,
            message,
            neededBytes: bytes.optional().meta({ description: 'of disk, where that is missing' }),
        })
        .meta({ description: 'Results cannot be written now: the watch waits.' }),
    resume: z.object({ event: z.literal('resume') }).meta({ description: 'The end of a `hold`.' }),
    kept: z
        .object({ event: z.literal('kept'), message })
        .meta({ description: 'The input stays, though it was to be moved or deleted.' }),
    moved: z
        .object({
            event: z.literal('moved'),
            to: z.string().meta({ description: 'absolute path of the input now' }),
            reason: z.enum(['done', 'failed']).meta({ description: 'what it was moved for' }),
        })
        .meta({ description: 'The input was moved.' }),
    deleted: z
        .object({ event: z.literal('deleted') })
        .meta({ description: 'The input was deleted; its result is on the disk and was checked.' }),
    ended: z
        .object({
            event: z.literal('ended'),
            done: count.meta({ description: 'files that were encoded' }),
            known: count.meta({ description: 'files with nothing to do' }),
            failed: count.meta({ description: 'files that failed' }),
            left: count.meta({ description: 'files that were not taken, or not finished' }),
        })
        .meta({ description: 'The last line: the watch has ended.' }),
} as const;
