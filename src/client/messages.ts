/** Which reply answers which request. Types only: the schemas are loaded with the connection. */
import type * as z from 'zod';
import type {
    EncodeReply,
    ServerMessage,
    ServerMessageOf,
    clientMessageSchema,
} from '../protocol/messages.js';

type ClientMessageInput = z.input<typeof clientMessageSchema>;

export type RequestType = ClientMessageInput['type'];

/** A request without its `id`, which the connection gives. */
export type Request<T extends RequestType = RequestType> = T extends RequestType
    ? Omit<Extract<ClientMessageInput, { type: T }>, 'id'>
    : never;

interface ReplyTypes {
    init: ServerMessageOf<'init.ok'>;
    'encode.request': EncodeReply;
    'encode.prove': EncodeReply;
    'encode.check': ServerMessageOf<'encode.checked'>;
    'options.validate': ServerMessageOf<'options.ok'>;
    'jobs.list': ServerMessageOf<'jobs'>;
    'job.get': ServerMessageOf<'job'>;
    'job.watch': ServerMessageOf<'job'>;
    'job.cancel': ServerMessageOf<'job'>;
    'job.retry': ServerMessageOf<'job'>;
    'job.prioritise': ServerMessageOf<'job'>;
    'job.remove': ServerMessageOf<'job.removed'>;
    'job.logs': ServerMessageOf<'job.logs'>;
    'job.ticket': ServerMessageOf<'job.ticket'>;
    'token.create': ServerMessageOf<'token.created'>;
    'token.list': ServerMessageOf<'tokens'>;
    'token.revoke': ServerMessageOf<'token.revoked'>;
    'queue.pause': ServerMessageOf<'queue.state'>;
    'queue.resume': ServerMessageOf<'queue.state'>;
    'server.stats': ServerMessageOf<'server.stats'>;
}

export type Reply<T extends RequestType> = ReplyTypes[T];

/** The `type` of the message that answers each request. */
export const REPLY_TYPE: {
    readonly [T in RequestType]: ReplyTypes[T]['type'] & ServerMessage['type'];
} = {
    init: 'init.ok',
    'encode.request': 'encode.reply',
    'encode.prove': 'encode.reply',
    'encode.check': 'encode.checked',
    'options.validate': 'options.ok',
    'jobs.list': 'jobs',
    'job.get': 'job',
    'job.watch': 'job',
    'job.cancel': 'job',
    'job.retry': 'job',
    'job.prioritise': 'job',
    'job.remove': 'job.removed',
    'job.logs': 'job.logs',
    'job.ticket': 'job.ticket',
    'token.create': 'token.created',
    'token.list': 'tokens',
    'token.revoke': 'token.revoked',
    'queue.pause': 'queue.state',
    'queue.resume': 'queue.state',
    'server.stats': 'server.stats',
};
