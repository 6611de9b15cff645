import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { roomLink } from '../hooks/useRoute';
import { Icon } from './Icon';

/** Copies the meeting's link, and says so on the button. Shows the link where copying is forbidden. */
export function CopyLinkButton(props: {
  roomId: string;
  look: 'chip' | 'button';
  testId: string;
}): ReactNode {
  const [state, setState] = useState<'idle' | 'copied' | 'forbidden'>('idle');
  const link = roomLink(props.roomId);
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState('idle'), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link);
      setState('copied');
    } catch {
      setState('forbidden');
    }
  };
  if (state === 'forbidden') {
    return (
      <input
        className="input copy-field"
        readOnly
        value={link}
        aria-label="Meeting link"
        onFocus={(event) => event.target.select()}
      />
    );
  }
  return (
    <button
      type="button"
      className={props.look === 'chip' ? 'chip' : 'button'}
      data-testid={props.testId}
      data-copied={state === 'copied'}
      title={link}
      onClick={() => void copy()}
    >
      <Icon name={state === 'copied' ? 'check' : 'link'} size={18} />
      <span aria-live="polite">{state === 'copied' ? 'Link copied' : 'Copy link'}</span>
    </button>
  );
}
