# SPDX-License-Identifier: Apache-2.0
"""What the evening looks like to those who ask, one projection per question."""
