import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { ControlButton } from './ControlButton';
import type { IconName } from './Icon';

interface Props {
  icon: IconName;
  label: string;
  testId: string;
  className?: string;
  badge?: number;
  children: (close: () => void) => ReactNode;
}

/** A button of the dock with a small panel above it. Escape, a click elsewhere, or a choice closes it. */
export function Popover(props: Props): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    const stop = new AbortController();
    const { signal } = stop;
    const around = ref.current;
    around?.querySelector<HTMLElement>('.popover button')?.focus();
    document.addEventListener(
      'pointerdown',
      (event) => {
        if (event.target instanceof Node && !around?.contains(event.target)) setOpen(false);
      },
      { signal },
    );
    around?.addEventListener(
      'keydown',
      (event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        setOpen(false);
        around.querySelector('button')?.focus();
      },
      { signal },
    );
    return () => stop.abort();
  }, [isOpen]);
  return (
    <div ref={ref} className={`popover-place ${props.className ?? ''}`}>
      <ControlButton
        testId={props.testId}
        icon={props.icon}
        label={props.label}
        isExpanded={isOpen}
        {...(props.badge === undefined ? {} : { badge: props.badge })}
        onClick={() => setOpen(!isOpen)}
      />
      {isOpen && (
        <div className="popover" role="group" aria-label={props.label}>
          {props.children(() => setOpen(false))}
        </div>
      )}
    </div>
  );
}
