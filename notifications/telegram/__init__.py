"""Commands by Telegram: reading and tightening, for chats that an admin has allowed."""
