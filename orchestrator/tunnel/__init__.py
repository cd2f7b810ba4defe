"""The tunnel keeper: opens a tunnel to the sync gateway, registers its public URL, and keeps both true."""
