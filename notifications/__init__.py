"""Alerts and daily reports to e-mail, Telegram, Discord, webhooks and others; commands by Telegram."""
