import type { ReactNode } from 'react';
import { Icon } from './Icon';
import type { IconName } from './Icon';

interface Props {
  icon: IconName;
  label: string;
  /** The key that does the same. */
  shortcut?: string;
  tone?: 'plain' | 'off' | 'active';
  /** For a button that stays pressed. */
  isPressed?: boolean;
  hasWarning?: boolean;
  isDisabled?: boolean;
  testId: string;
  onClick: () => void;
}

/** A square button of the dock, with a tooltip that also names its key. */
export function ControlButton(props: Props): ReactNode {
  return (
    <button
      type="button"
      className="control"
      data-testid={props.testId}
      data-tone={props.tone ?? 'plain'}
      aria-label={props.label}
      aria-pressed={props.isPressed}
      aria-keyshortcuts={props.shortcut}
      disabled={props.isDisabled}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
      {props.hasWarning && <span className="control__warning" />}
      <span className="control__tip" aria-hidden="true">
        {props.label}
        {props.shortcut !== undefined && <kbd>{props.shortcut}</kbd>}
      </span>
    </button>
  );
}
