"""The stack as a whole: plan, life cycle, record, logs, verification."""
