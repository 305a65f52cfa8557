// SPDX-License-Identifier: Apache-2.0
// The rules that the exported schema keeps.
import { readFileSync } from 'node:fs';
import graphql from '@graphql-eslint/eslint-plugin';
import { buildSchema, isObjectType } from 'graphql';

const SCHEMA = 'gateway/schema.graphql';

/** Refusals are known by their code; nobody fetches one again. */
const refusals = Object.values(buildSchema(readFileSync(SCHEMA, 'utf8')).getTypeMap())
  .filter((type) => isObjectType(type) && type.getInterfaces().some((face) => face.name === 'Refusal'))
  .map((type) => type.name);

/** Parts of a thing with an id, which have none of their own. What is new is put here only after some thought. */
const values = [
  'AppKeyInfo', 'AppKeyUsage', 'AppUsage', 'AppUsageDay', 'Attribute', 'Board', 'Change', 'Changes', 'Chat',
  'CodeOfConduct', 'Conduct', 'ConferenceDetails', 'Consent', 'Desk', 'DeskConference', 'DeskRow', 'EveningRecord', 'GroupDeadline', 'GroupPlan', 'GroupRole', 'Groups', 'HelpRecord', 'IdeaField', 'JoinCredentials', 'ReadinessCounts',
  'LocalText', 'PageInfo', 'PersonalData', 'Phase', 'PhaseRecord', 'Placement', 'PollCount', 'PollSpread', 'PoolCall', 'Presence', 'Problems', 'RankedIdea',
  'RateLimit', 'Registration', 'Resumed', 'Review', 'Roster', 'RosterEntry', 'RuleOfConduct', 'Score', 'SeatingRecord', 'SeatingRule', 'SessionTurn',
  'StaffAssignment', 'StaffPresence', 'StreetRange', 'CitySurvey', 'CitySurveyChange', 'CitySurveyItem', 'Survey', 'SurveyChange', 'SurveyItem', 'SurveySheet', 'Timetable', 'Venue', 'VenuePlacement', 'Viewer', 'ViewerGrant', 'WebhookAttempt',
  'WebhookEventKind',
];

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: SCHEMA } },
    },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      // Ours are lists of values as well: members of a group, options of a poll.
      '@graphql-eslint/relay-edge-types': ['error', { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false }],
      '@graphql-eslint/strict-id-in-types': [
        'error',
        { exceptions: { suffixes: ['Success', 'Changed', 'Snapshot', 'Connection', 'Edge'], types: [...refusals, ...values] } },
      ],
      '@graphql-eslint/input-name': 'error',
      '@graphql-eslint/require-nullable-result-in-root': 'error',
      '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'error',
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      '@graphql-eslint/require-deprecation-date': 'error',
      '@graphql-eslint/require-description': [
        'error',
        { types: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true, DirectiveDefinition: true, rootField: true },
      ],
    },
  },
];
