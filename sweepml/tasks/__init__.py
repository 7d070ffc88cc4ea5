"""What a user asks for, as plain functions: a configuration in, a frozen result out; no Hydra, no prints."""
