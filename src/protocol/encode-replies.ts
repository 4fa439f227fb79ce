/** The answers to a request to encode, as schemas. */
import * as z from 'zod';
import { reply } from './reply.js';
import { bytes, jobIdSchema } from './shapes.js';

const jobId = jobIdSchema.meta({ description: 'the job' });

const byteRange = z.tuple([bytes, bytes]).meta({ description: '[from, to), bytes' });

export const encodeReplies = {
    approved: reply(
        'encode.reply',
        {
            id: 'EncodeApproved',
            description:
                'The upload may start, or go on with what is missing of it. The job waits for it.',
        },
        {
            status: z.literal('approved'),
            jobId,
            upload: z
                .object({
                    id: z.string().meta({ description: '`resumableIdentifier` of its chunks' }),
                    url: z.string().meta({ description: 'path below the server' }),
                    chunkSize: bytes.meta({ description: 'recommended, bytes' }),
                    received: z.array(byteRange).meta({
                        description: 'what is here already: ascending, apart from each other',
                    }),
                })
                .meta({ description: 'where the chunks go' }),
        },
    ),
    queued: reply(
        'encode.reply',
        {
            id: 'EncodeQueued',
            description: 'The file is here and the request is new: nothing needs to be sent.',
        },
        { status: z.literal('queued'), jobId },
    ),
    rejected: reply(
        'encode.reply',
        {
            id: 'EncodeRejected',
            description: 'The request is refused; nothing was changed by it.',
        },
        {
            status: z.literal('rejected'),
            code: z.string().meta({ description: 'see the errors' }),
            message: z.string().meta({ description: 'one line' }),
            jobId: jobIdSchema.optional().meta({ description: 'the earlier job, for a duplicate' }),
        },
    ),
    challenge: reply(
        'encode.reply',
        {
            id: 'EncodeChallenge',
            description:
                'The client is to prove that it has the file. Also asked for files that are not here.',
        },
        {
            status: z.literal('challenge'),
            challenge: z
                .object({
                    id: z.string().meta({ description: 'repeated in `encode.prove`' }),
                    nonce: z.string().meta({ description: 'the key, hex' }),
                    leaves: z
                        .array(z.number().int().min(0))
                        .meta({ description: '0-based indices, ascending' }),
                })
                .meta({ description: 'what is to be proven' }),
        },
    ),
} as const;

export const encodeReplySchema = z.discriminatedUnion('status', [
    encodeReplies.approved,
    encodeReplies.queued,
    encodeReplies.rejected,
    encodeReplies.challenge,
]);
export type EncodeReply = z.infer<typeof encodeReplySchema>;
