import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { useCall } from '../hooks/useCall';
import { Icon } from './Icon';

/** What stands beside the tiles; on a phone over them. Escape closes it, and the focus goes back to where it was. */
export function SidePanel(props: {
  title: string;
  testId: string;
  /** Whether the first field gets the focus, or the title. */
  startsTyping?: boolean;
  children: ReactNode;
}): ReactNode {
  const openPanel = useCall((state) => state.openPanel);
  const ref = useRef<HTMLElement>(null);
  const { startsTyping = false } = props;
  useEffect(() => {
    const before = document.activeElement;
    const first = ref.current?.querySelector<HTMLElement>(startsTyping ? 'textarea:enabled' : 'h2');
    (first ?? ref.current?.querySelector<HTMLElement>('h2'))?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [startsTyping]);
  const titleId = `${props.testId}-title`;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes it from anywhere inside
    <aside
      ref={ref}
      className="side"
      data-testid={props.testId}
      aria-labelledby={titleId}
      onKeyDown={(event) => {
        if (event.key === 'Escape') openPanel(null);
      }}
    >
      <header className="side__head">
        <h2 id={titleId} tabIndex={-1}>
          {props.title}
        </h2>
        <button
          type="button"
          className="dialog__close"
          aria-label={`Close ${props.title.toLowerCase()}`}
          data-testid="panel-close"
          onClick={() => openPanel(null)}
        >
          <Icon name="close" />
        </button>
      </header>
      {props.children}
    </aside>
  );
}
