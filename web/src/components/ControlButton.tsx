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
  /** A number on the button; 0 shows none. The label has to say it too. */
  badge?: number;
  /** For a button that opens something beside it. */
  isExpanded?: boolean;
  className?: string;
  isDisabled?: boolean;
  testId: string;
  onClick: () => void;
}

/** A square button of the dock, with a tooltip that also names its key. */
export function ControlButton(props: Props): ReactNode {
  const { badge = 0 } = props;
  return (
    <button
      type="button"
      className={`control ${props.className ?? ''}`}
      data-testid={props.testId}
      data-tone={props.tone ?? 'plain'}
      aria-label={props.label}
      aria-pressed={props.isPressed}
      aria-expanded={props.isExpanded}
      aria-keyshortcuts={props.shortcut}
      disabled={props.isDisabled}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
      {badge > 0 && <span className="control__badge">{badge > 99 ? '99+' : badge}</span>}
      {props.hasWarning && <span className="control__warning" />}
      <span className="control__tip" aria-hidden="true">
        {props.label}
        {props.shortcut !== undefined && <kbd>{props.shortcut}</kbd>}
      </span>
    </button>
  );
}
