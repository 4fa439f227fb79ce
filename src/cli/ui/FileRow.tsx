/** One of several files while it is under way, on one line. */
import { Box, Text } from 'ink';
import { formatDuration, formatFps, formatSpeed } from './format.js';
import { PHASE_LABEL } from './model.js';
import type { FileModel } from './model.js';
import { ProgressBar } from './ProgressBar.js';
import { fit } from './theme.js';
import type { Theme } from './theme.js';

const LABEL_WIDTH = 11;
const PERCENT_WIDTH = 6;
const GAP = 1;
const MIN_BAR = 8;
const MAX_BAR = 30;
const MIN_NAME = 10;
const MAX_NAME = 40;
const INFO_WIDTH = 22;

/** Speed and time left, as far as they are known. */
function info(model: FileModel): string {
    const { phase, fps, bytesPerSecond, etaSeconds } = model;
    const speed =
        phase === 'encode' && fps !== undefined
            ? formatFps(fps)
            : phase === 'upload' && bytesPerSecond > 0
              ? formatSpeed(bytesPerSecond)
              : '';
    const left = etaSeconds === undefined ? '' : `${formatDuration(etaSeconds)} left`;
    return [speed, left].filter((text) => text !== '').join(' ');
}

interface Columns {
    name: number;
    bar: number;
    info: number;
}

/** Widths of the columns: on narrow terminals first the details go, then the bar. */
function rowColumns(width: number): Columns {
    const fixed = LABEL_WIDTH + PERCENT_WIDTH + 2 * GAP;
    const withInfo = width - fixed - GAP - INFO_WIDTH;
    if (withInfo >= MIN_NAME + GAP + MIN_BAR) {
        const name = Math.min(MAX_NAME, Math.max(MIN_NAME, Math.floor(withInfo / 2)));
        return { name, bar: Math.min(MAX_BAR, withInfo - name - GAP), info: INFO_WIDTH };
    }
    const rest = width - fixed;
    if (rest >= MIN_NAME + GAP + MIN_BAR) {
        return { name: rest - GAP - MIN_BAR, bar: MIN_BAR, info: 0 };
    }
    return { name: Math.max(1, rest), bar: 0, info: 0 };
}

/** One of several files that are under way, on one line. */
export function FileRow(props: {
    model: FileModel;
    width: number;
    theme: Theme;
    /** Keys are about this file. */
    marked: boolean;
}): React.ReactNode {
    const { model, width, theme, marked } = props;
    const { file, phase, percent } = model;
    const columns = rowColumns(width);
    const shown = percent === undefined ? '' : `${String(Math.floor(percent)).padStart(4)} %`;
    return (
        <Box columnGap={GAP} width={width} height={1}>
            <Box width={columns.name} flexShrink={0}>
                <Text wrap="truncate-middle" bold={marked && theme.color}>
                    {fit(
                        marked && !theme.color ? `${theme.active} ${file}` : file,
                        columns.name,
                        theme,
                    )}
                </Text>
            </Box>
            <Box width={LABEL_WIDTH} flexShrink={0}>
                <Text>{phase === undefined ? 'waiting' : PHASE_LABEL[phase]}</Text>
            </Box>
            {columns.bar === 0 ? null : (
                <ProgressBar percent={percent ?? 0} width={columns.bar} theme={theme} />
            )}
            <Box width={PERCENT_WIDTH} flexShrink={0}>
                <Text>{shown}</Text>
            </Box>
            {columns.info === 0 ? null : (
                <Box width={columns.info} flexShrink={0}>
                    <Text wrap="truncate">{info(model)}</Text>
                </Box>
            )}
        </Box>
    );
}
