"""What the quirks do: small functions in front of the handlers and behind them, by theme.

`apply` puts them in their order, `seen` is what they remember. A fault in front of a handler
returns None to let a request pass, an Answer in place of the handler's, or a changed Call.
"""
