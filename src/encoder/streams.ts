/** What becomes of the source's streams beside the video, in each container. */
import type { AudioTrackResult, Container } from './job.js';
import type { StreamInfo } from './source-info.js';

/** How one stream gets into the result. */
export interface CarriedStream {
    stream: StreamInfo;
    /** ffmpeg's name of the encoder, `copy` for none. */
    encoder: string;
}

export interface StreamPlan {
    audio: CarriedStream[];
    subtitles: CarriedStream[];
    /** Fonts and other files; Matroska only. */
    attachments: StreamInfo[];
    covers: StreamInfo[];
    /** Every audio track of the source with what becomes of it. */
    audioTracks: AudioTrackResult[];
    notes: string[];
}

/** Codecs that go into the container as they are, in the files that ffmpeg and mkvmerge make. */
const AUDIO_COPIED: Readonly<Record<Container, ReadonlySet<string>>> = {
    hevc: new Set(),
    mp4: new Set(['aac', 'ac3', 'alac', 'eac3', 'flac', 'mp3', 'opus']),
    mkv: new Set([
        ...['aac', 'ac3', 'alac', 'dts', 'eac3', 'flac', 'mlp', 'mp2', 'mp3', 'opus'],
        ...['pcm_f32le', 'pcm_s16le', 'pcm_s24le', 'pcm_s32le', 'pcm_u8'],
        ...['truehd', 'tta', 'vorbis', 'wavpack'],
    ]),
};

const SUBTITLES_COPIED: Readonly<Record<Container, ReadonlySet<string>>> = {
    hevc: new Set(),
    mp4: new Set(['mov_text']),
    mkv: new Set([
        ...['ass', 'ssa', 'subrip', 'webvtt'],
        ...['dvb_subtitle', 'dvd_subtitle', 'hdmv_pgs_subtitle'],
    ]),
};

/** Subtitles of text, which can be turned into each other. */
const TEXT_SUBTITLES = new Set([
    ...['ass', 'eia_608', 'jacosub', 'microdvd', 'mov_text', 'mpl2', 'pjs', 'realtext', 'sami'],
    ...['ssa', 'stl', 'subrip', 'subviewer', 'subviewer1', 'text', 'ttml', 'vplayer', 'webvtt'],
]);

const TEXT_ENCODER: Readonly<Record<Container, string>> = {
    hevc: '',
    mp4: 'mov_text',
    mkv: 'srt',
};

const COVER_CODECS = new Set(['mjpeg', 'png']);

/** @param streams all streams of the source beside the video */
export function planStreams(container: Container, streams: readonly StreamInfo[]): StreamPlan {
    const plan: StreamPlan = {
        audio: [],
        subtitles: [],
        attachments: [],
        covers: [],
        audioTracks: [],
        notes: [],
    };
    if (container === 'hevc') return planElementary(plan, streams);
    for (const stream of streams) {
        switch (stream.kind) {
            case 'audio':
                planAudio(plan, container, stream);
                break;
            case 'subtitle':
                planSubtitle(plan, container, stream);
                break;
            case 'attachment':
                if (container === 'mkv' && stream.isNamed) plan.attachments.push(stream);
                else drop(plan, container, stream);
                break;
            case 'cover':
                if (COVER_CODECS.has(stream.codec)) plan.covers.push(stream);
                else drop(plan, container, stream);
                break;
            case 'data':
                // Chapters of MP4 are a track, too; they are carried as chapters.
                if (stream.codec !== 'bin_data') drop(plan, container, stream);
                break;
            case 'video':
                drop(plan, container, stream);
                break;
        }
    }
    return plan;
}

function planElementary(plan: StreamPlan, streams: readonly StreamInfo[]): StreamPlan {
    for (const stream of streams) {
        if (stream.kind === 'audio') plan.audioTracks.push(track(stream, 'dropped'));
    }
    const kinds = [...new Set(streams.map((stream) => stream.kind))];
    if (kinds.length > 0) {
        plan.notes.push(
            `${kinds.join(', ')} streams are left out: an elementary stream holds video only ` +
                `(use mp4 or mkv)`,
        );
    }
    return plan;
}

function planAudio(plan: StreamPlan, container: Container, stream: StreamInfo): void {
    if (stream.codec === 'unknown') {
        plan.notes.push(
            `audio stream ${stream.index} is left out: ` +
                `its codec is not known, or its header damaged`,
        );
        plan.audioTracks.push(track(stream, 'dropped'));
        return;
    }
    const isCopied = AUDIO_COPIED[container].has(stream.codec);
    if (!isCopied) {
        plan.notes.push(
            `audio stream ${stream.index} is encoded to AAC: ` +
                `${container} cannot hold ${stream.codec}`,
        );
    }
    plan.audio.push({ stream, encoder: isCopied ? 'copy' : 'aac' });
    plan.audioTracks.push(track(stream, isCopied ? 'copied' : 'encoded'));
}

function planSubtitle(plan: StreamPlan, container: Container, stream: StreamInfo): void {
    if (SUBTITLES_COPIED[container].has(stream.codec)) {
        plan.subtitles.push({ stream, encoder: 'copy' });
    } else if (TEXT_SUBTITLES.has(stream.codec)) {
        plan.subtitles.push({ stream, encoder: TEXT_ENCODER[container] });
        if (stream.codec === 'ass' || stream.codec === 'ssa') {
            plan.notes.push(`subtitle stream ${stream.index} loses its styles in ${container}`);
        }
    } else {
        drop(plan, container, stream);
    }
}

function drop(plan: StreamPlan, container: Container, stream: StreamInfo): void {
    const what = stream.codec === 'unknown' ? '' : ` (${stream.codec})`;
    plan.notes.push(
        stream.kind === 'video'
            ? `video stream ${stream.index}${what} is left out: one video is encoded`
            : `${stream.kind} stream ${stream.index}${what} is left out: ` +
                  `${container} cannot hold it`,
    );
}

function track(stream: StreamInfo, treatment: AudioTrackResult['treatment']): AudioTrackResult {
    return {
        sourceIndex: stream.index,
        codec: stream.codec,
        treatment,
        ...(stream.language === undefined ? {} : { language: stream.language }),
    };
}

/** Whether there is nothing to carry beside the video. */
export function isEmptyPlan({ audio, subtitles, attachments, covers }: StreamPlan): boolean {
    return audio.length + subtitles.length + attachments.length + covers.length === 0;
}

/** The plan after the muxer has refused some streams: copied audio is encoded, the rest goes. */
export function changeTreatment(plan: StreamPlan, refused: ReadonlySet<StreamInfo>): StreamPlan {
    const notes = [...plan.notes];
    const treatments = new Map<number, AudioTrackResult['treatment']>();
    const audio = plan.audio.flatMap((carried): CarriedStream[] => {
        const { stream, encoder } = carried;
        if (!refused.has(stream)) return [carried];
        const isEncoded = encoder === 'copy';
        treatments.set(stream.index, isEncoded ? 'encoded' : 'dropped');
        notes.push(
            isEncoded
                ? `audio stream ${stream.index} is encoded to AAC: it cannot be copied as it is`
                : `audio stream ${stream.index} (${stream.codec}) is left out: ` +
                      `it can neither be copied nor decoded`,
        );
        return isEncoded ? [{ stream, encoder: 'aac' }] : [];
    });
    const kept = (stream: StreamInfo): boolean => {
        if (!refused.has(stream)) return true;
        notes.push(
            `${stream.kind} stream ${stream.index} (${stream.codec}) is left out: it is damaged`,
        );
        return false;
    };
    return {
        audio,
        subtitles: plan.subtitles.filter(({ stream }) => kept(stream)),
        attachments: plan.attachments.filter(kept),
        covers: plan.covers.filter(kept),
        audioTracks: plan.audioTracks.map((one) => ({
            ...one,
            treatment: treatments.get(one.sourceIndex) ?? one.treatment,
        })),
        notes,
    };
}

/** Of each track that is encoded, bits per second, however many channels it has. */
const AAC_BITRATE = '192k';

/**
 * ffmpeg's arguments that map and treat audio and subtitles.
 * @param input number of ffmpeg's input that has them
 */
export function streamArguments({ audio, subtitles }: StreamPlan, input: number): string[] {
    return [
        ...audio.flatMap(({ stream, encoder }, position) => [
            ...['-map', `${input}:${stream.index}`, `-c:a:${position}`, encoder],
            ...(encoder === 'aac' ? [`-b:a:${position}`, AAC_BITRATE] : []),
        ]),
        ...subtitles.flatMap(({ stream, encoder }, position) => [
            ...['-map', `${input}:${stream.index}`, `-c:s:${position}`, encoder],
        ]),
    ];
}
