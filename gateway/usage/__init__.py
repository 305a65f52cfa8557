# SPDX-License-Identifier: Apache-2.0
"""What each app has used of the API, day by day: counted beside requests, written in batches, for it and the city."""
