import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';

/** Copies a text; says for two seconds that it did. */
export function CopyButton({
  text,
  label,
  quiet,
}: {
  text: string;
  label: string;
  quiet?: boolean;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  // Browsers offer the clipboard only on secure origins, which includes localhost.
  if (!navigator.clipboard) return null;
  const Icon = copied ? Check : Copy;
  return (
    <button
      type="button"
      className={quiet ? 'button plain icon' : 'button'}
      aria-label={quiet ? label : undefined}
      title={quiet ? label : undefined}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      <Icon size={14} aria-hidden />
      {!quiet && (copied ? 'Copied' : label)}
      <span className="spoken" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  );
}

/** A command to type elsewhere, with a button that copies it. */
export function Command({ text }: { text: string }) {
  return (
    <span className="command">
      <code>{text}</code>
      <CopyButton text={text} label="Copy command" quiet />
    </span>
  );
}
