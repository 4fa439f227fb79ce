import { Text } from 'ink';
import { barParts } from './theme.js';
import type { Theme } from './theme.js';

/** A bar of `width` characters. */
export function ProgressBar(props: {
    percent: number;
    width: number;
    theme: Theme;
}): React.ReactNode {
    const { percent, width, theme } = props;
    const [full, empty] = barParts(percent, width, theme);
    return (
        <Text>
            <Text {...(theme.color ? { color: 'cyan' } : {})}>{full}</Text>
            <Text dimColor={theme.color}>{empty}</Text>
        </Text>
    );
}
