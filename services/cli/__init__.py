# SPDX-License-Identifier: Apache-2.0
"""The operator's tool `quartier`. It starts services as processes by module name and never imports one."""
